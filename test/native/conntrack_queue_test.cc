#include <doctest/doctest.h>
#include <sys/socket.h>

#include "conntrack/chunk_queue.h"
#include "conntrack/flow_rows.h"
#include "conntrack/known_flows.h"

using namespace director::conntrack;

namespace {

Chunk FlowsOf(size_t rows) {
  Chunk chunk;
  for (size_t row = 0; row < rows; ++row) AppendFlow(chunk.rows, FlowRow{});
  return chunk;
}

FlowRow Flow(uint32_t id, EventKind kind = EventKind::kNew) {
  FlowRow row{};
  row.kind = kind;
  row.id = id;
  row.original.family = row.reply.family = AF_INET;
  row.original.source[0] = static_cast<uint8_t>(id);
  return row;
}

std::vector<uint32_t> Gone(KnownFlows& known) {
  std::vector<uint32_t> ids;
  while (const auto row = known.NextGone()) {
    CHECK(row->kind == EventKind::kDestroy);
    CHECK(row->synthetic == 1);
    ids.push_back(row->id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

TEST_CASE("a consumer that waits is called once, and finds the chunk") {
  int ready = 0;
  ChunkQueue queue(
      1 << 20, [&] { ++ready; }, [] {});
  CHECK_FALSE(queue.Take());
  queue.Push(FlowsOf(1));
  queue.Push(FlowsOf(2));
  CHECK(ready == 1);
  CHECK(queue.Take()->rows.rows() == 1);
  CHECK(queue.Take()->rows.rows() == 2);
  CHECK(queue.bytes() == 0);
}

TEST_CASE("a full queue stops the reader until it is half empty") {
  int room = 0;
  ChunkQueue queue(
      4 * FlowsOf(10).bytes(), [] {}, [&] { ++room; });
  for (int i = 0; i < 3; ++i) queue.Push(FlowsOf(10));
  CHECK_FALSE(queue.Full());
  queue.Push(FlowsOf(10));
  CHECK(queue.Full());
  queue.Take();
  CHECK(room == 0);
  queue.Take();
  CHECK(room == 1);
  CHECK_FALSE(queue.Full());
}

TEST_CASE("the reader's error comes behind all that it has read") {
  ChunkQueue queue(
      1 << 20, [] {}, [] {});
  queue.Push(FlowsOf(1));
  queue.Fail(director::KernelError("receive", EBADF));
  CHECK(queue.Take());
  CHECK_THROWS_AS(queue.Take(), director::KernelError);
}

TEST_CASE("rows leave out what not all flows have, until one has it") {
  FlowRow counted = Flow(3);
  counted.present = kHasOriginalCounters;
  counted.original_counters = {30, 31};
  FlowRow helped = Flow(5);
  helped.present = kHasHelper;
  std::strcpy(helped.helper, "ftp");
  director::RowPiece piece;
  AppendFlow(piece, Flow(1));
  AppendFlow(piece, Flow(2));
  CHECK(piece.row_bytes == FlowRowBytes(0));
  AppendFlow(piece, counted);
  AppendFlow(piece, Flow(4));
  CHECK(piece.row_bytes == FlowRowBytes(kHasOriginalCounters));
  AppendFlow(piece, helped);
  AppendFlow(piece, Flow(6));
  REQUIRE(piece.row_bytes == sizeof(FlowRow));
  REQUIRE(piece.rows() == 6);
  for (uint32_t index = 0; index < 6; ++index) {
    FlowRow row;
    std::memcpy(&row, piece.bytes.data() + index * sizeof row, sizeof row);
    CHECK(row.id == index + 1);
    CHECK(row.original_counters.packets == (row.id == 3 ? 30 : 0));
    CHECK(row.original_counters.bytes == (row.id == 3 ? 31 : 0));
    CHECK(std::string(row.helper) == (row.id == 5 ? "ftp" : ""));
  }
}

TEST_CASE("a dump tells new flows from known ones, and those that ended without a word") {
  KnownFlows known;
  known.Saw(Flow(1));
  known.Saw(Flow(2));
  known.BeginDump();
  CHECK(known.InDump(Flow(1)) == KnownFlows::Verdict::kKnown);
  CHECK(known.InDump(Flow(3)) == KnownFlows::Verdict::kUnknown);
  CHECK(known.silent() == 1);
  known.EndDump();
  CHECK(Gone(known) == std::vector<uint32_t>{2});
  CHECK(known.size() == 2);
}

TEST_CASE("events during a dump weigh more than what the dump still shows") {
  KnownFlows known;
  known.Saw(Flow(1));
  known.BeginDump();
  known.Saw(Flow(1, EventKind::kDestroy));
  known.Saw(Flow(2));
  CHECK(known.InDump(Flow(1)) == KnownFlows::Verdict::kGone);
  CHECK(known.InDump(Flow(2)) == KnownFlows::Verdict::kFresh);
  known.EndDump();
  CHECK(Gone(known).empty());
}

TEST_CASE("a flow that an event was seen of is no longer silent") {
  KnownFlows known;
  known.BeginDump();
  known.InDump(Flow(1));
  known.EndDump();
  CHECK(known.silent() == 1);
  known.Saw(Flow(1, EventKind::kUpdate));
  CHECK(known.silent() == 0);
}

TEST_CASE("a flow whose successor has come is not told to be gone") {
  KnownFlows known;
  known.Saw(Flow(1));
  known.Saw(Flow(2));
  known.BeginDump();
  known.EndDump();
  known.Saw(Flow(1));
  CHECK(Gone(known) == std::vector<uint32_t>{2});
}
