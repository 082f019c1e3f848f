// Runs the C++ tests; beside doctest's own report it prints the line of counts that test/support/counts.ts
// reads.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <iostream>
#include <string>

#include "skip.h"

namespace {

std::string Quoted(const char* text) {
  std::string quoted = "\"";
  for (; *text != '\0'; ++text) {
    if (*text == '"' || *text == '\\') quoted += '\\';
    quoted += *text;
  }
  return quoted + '"';
}

// Collects the outcome of each test case. doctest keeps one of these for the run, on its own thread.
class CountListener : public doctest::IReporter {
 public:
  explicit CountListener(const doctest::ContextOptions&) {}

  void test_case_start(const doctest::TestCaseData& test) override { current_ = test.m_name; }

  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    if (!director::test::skip_reason.empty()) {
      skipped_ += Entry(skipped_, std::exchange(director::test::skip_reason, {}));
      return;
    }
    if (stats.testCaseSuccess) {
      ++passed_;
      return;
    }
    failed_ += Entry(failed_, "see above");
  }

  void test_run_end(const doctest::TestRunStats&) override {
    std::cout << "@@test-counts {\"passed\":" << passed_ << ",\"failed\":[" << failed_ << "],\"skipped\":["
              << skipped_ << "]}\n";
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

 private:
  // One more member of a list in JSON.
  std::string Entry(const std::string& list, const std::string& reason) const {
    return (list.empty() ? "" : ",") + ("{\"name\":" + Quoted(current_)) +
           ",\"reason\":" + Quoted(reason.c_str()) + "}";
  }

  const char* current_ = "";
  int passed_ = 0;
  std::string failed_;
  std::string skipped_;
};

}  // namespace

REGISTER_LISTENER("counts", 1, CountListener);
