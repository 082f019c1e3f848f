// SPDX-License-Identifier: GPL-2.0-only
#include <napi.h>

#include <cstdio>
#include <cstdlib>

#include "binding/run_handle.h"
#include "command.h"
#include "network_namespace.h"

extern "C" {
#include <libipset/ipset.h>
#include <libipset/types.h>
}

namespace director::libipset::binding {
namespace {

Words WordsOf(const Napi::Value& value) {
  const auto values = value.As<Napi::Array>();
  Words words;
  for (uint32_t i = 0; i < values.Length(); ++i) words.push_back(values.Get(i).As<Napi::String>());
  return words;
}

// isManual(words) → whether libipset answers by printing its version or its help.
Napi::Value IsManual(const Napi::CallbackInfo& info) {
  const enum ipset_cmd id = ParseCommand(WordsOf(info[0])).id;
  return Napi::Boolean::New(info.Env(), id == IPSET_CMD_VERSION || id == IPSET_CMD_HELP);
}

// Goes first of what happens at exit, and last: nothing of Node's is taken down under its threads.
void EndAtOnce(int status, void*) {
  std::fflush(nullptr);
  std::_Exit(status);
}

// printManualAndExit(words, networkNamespace): only for a process that was started for this. libipset prints
// its version and help with printf, and ends the process after it; there is no other way to its help.
void PrintManualAndExit(const Napi::CallbackInfo& info) {
  EnterNamespace(info[1].As<Napi::String>().Utf8Value());
  Words words = WordsOf(info[0]);
  words.insert(words.begin(), "ipset");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  const int count = static_cast<int>(argv.size());
  argv.push_back(nullptr);
  on_exit(EndAtOnce, nullptr);
  ipset_load_types();
  struct ipset* handle = ipset_init();
  std::exit(handle == nullptr ? IPSET_OTHER_PROBLEM : ipset_parse_argv(handle, count, argv.data()));
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("version", LIBIPSET_VERSION);
  exports.Set("RunHandle", RunHandle::Define(env));
  exports.Set("isManual", Napi::Function::New<IsManual>(env));
  exports.Set("printManualAndExit", Napi::Function::New<PrintManualAndExit>(env));
  return exports;
}

NODE_API_MODULE(ipvs_director_libipset, Init)

}  // namespace
}  // namespace director::libipset::binding
