#include "conntrack/deletion.h"

#include <doctest/doctest.h>

using director::KernelError;
using director::conntrack::Deletion;
using director::conntrack::DeletionTally;

TEST_CASE("flows that ended by themselves are no refusal of a deletion") {
  DeletionTally tally;
  tally.Add({3, {{1, ENOENT, ""}}});
  tally.Add({2, {}});
  const Deletion deletion = tally.Result();
  CHECK(deletion.deleted == 4);
  CHECK(deletion.gone == 1);
  CHECK_FALSE(deletion.in_kernel);
}

TEST_CASE(
    "a deletion that the kernel refuses in part goes on, and tells its first refusal and how many went") {
  DeletionTally tally;
  tally.Add({4, {{0, EBUSY, "offloaded"}, {2, ENOENT, ""}}});
  tally.Add({3, {{1, EPERM, ""}}});
  try {
    tally.Result();
    FAIL("nothing was thrown");
  } catch (const KernelError& error) {
    CHECK(error.number() == EBUSY);
    CHECK(error.detail() == "offloaded; 4 flows are deleted");
  }
}
