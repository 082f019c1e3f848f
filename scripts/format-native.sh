#!/bin/sh
# Formats the C and C++ sources in place; with --check, only says which are not formatted.
set -eu
case ${1:-} in
  --check) mode='--dry-run -Werror' ;;
  *) mode=-i ;;
esac
# shellcheck disable=SC2086 # two words in one of the modes
git ls-files -z --cached --others --exclude-standard '*.cc' '*.h' '*.c' | xargs -0 -r clang-format $mode
