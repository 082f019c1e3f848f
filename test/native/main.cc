// Runs the C++ tests; beside doctest's own report it prints the line of counts that test/support/counts.ts
// reads.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <iostream>
#include <string>

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
    if (stats.testCaseSuccess) {
      ++passed_;
      return;
    }
    if (!failed_.empty()) failed_ += ',';
    failed_ += "{\"name\":" + Quoted(current_) + ",\"reason\":\"see above\"}";
  }

  void test_run_end(const doctest::TestRunStats&) override {
    std::cout << "@@test-counts {\"passed\":" << passed_ << ",\"failed\":[" << failed_
              << "],\"skipped\":[]}\n";
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
  const char* current_ = "";
  int passed_ = 0;
  std::string failed_;
};

}  // namespace

REGISTER_LISTENER("counts", 1, CountListener);
