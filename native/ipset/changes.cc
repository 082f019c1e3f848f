#include "ipset/changes.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "util/error.h"

namespace director::ipset {
namespace {

// kDirective, action, exclusive, service names.
constexpr size_t kDirectiveBytes = 4;

Target ReadDirective(std::string_view item) {
  if (item.size() < kDirectiveBytes) throw KernelError("commit", EBADMSG, "a directive is cut off");
  Target target;
  target.action = item[1] == 'a' ? Action::kAdd : item[1] == 'r' ? Action::kRemove : Action::kTest;
  target.exclusive = item[2] == 'x';
  target.parse.service_names = item[3] == 's';
  target.set = item.substr(kDirectiveBytes);
  return target;
}

}  // namespace

TextChanges::TextChanges(std::vector<Bytes> pieces) {
  for (const Bytes piece : pieces) Index(piece);
}

void TextChanges::Index(Bytes piece) {
  const auto* text = reinterpret_cast<const char*>(piece.data());
  const char* end = text + piece.size();
  while (text < end) {
    const auto* zero = static_cast<const char*>(std::memchr(text, 0, static_cast<size_t>(end - text)));
    const char* item_end = zero == nullptr ? end : zero;
    const std::string_view item(text, static_cast<size_t>(item_end - text));
    if (item.starts_with(kDirective)) {
      // Pieces mostly say what the one before said: their changes then have one target.
      if (targets_.empty() || item != directive_) targets_.push_back(ReadDirective(item));
      directive_ = item;
    } else if (targets_.empty()) {
      throw KernelError("commit", EBADMSG, "an entry stands before any directive");
    } else {
      items_.push_back(
          {text, static_cast<uint32_t>(item.size()), static_cast<uint32_t>(targets_.size() - 1)});
    }
    text = item_end + 1;
  }
}

bool TextChanges::Read(uint32_t change, const EntryRules& rules, EntryRow& row, EntryFault& fault) const {
  const Item& item = items_[change];
  return ParseEntry({item.text, item.length}, rules, targets_[item.target].parse, row, fault);
}

bool RowChanges::Read(uint32_t change, const EntryRules& rules, EntryRow& row, EntryFault& fault) const {
  std::memcpy(&row, rows_.data() + change * stride_, std::min(stride_, sizeof row));
  return CheckEntry(rules, row, fault);
}

}  // namespace director::ipset
