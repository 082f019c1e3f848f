#include "ipset/listing.h"

#include <array>
#include <cerrno>

#include "ipset/decode_entry.h"
#include "ipset/print_entry.h"
#include "ipset/request.h"
#include "util/error.h"

namespace director::ipset {
namespace {

using netlink::DumpState;
using netlink::Message;
using netlink::MessageWriter;

constexpr size_t kRequestBytes = 128;

[[noreturn]] void Malformed() {
  throw KernelError("listing", EBADMSG, "the kernel's reply has an attribute of a wrong length");
}

// Calls `visit(Bytes payload)` for each element in one message of a listing. False when the message is
// malformed.
template <class Visitor>
bool EachElement(const netlink::Message& message, Visitor&& visit) {
  netlink::AttributeReader attributes(netlink::AfterHeader(message.payload, sizeof(nfgenmsg)));
  for (netlink::Attribute attribute; attributes.Next(attribute);) {
    if (attribute.type != IPSET_ATTR_ADT) continue;
    netlink::AttributeReader elements(attribute.payload);
    for (netlink::Attribute element; elements.Next(element);) {
      if (element.type == IPSET_ATTR_DATA) visit(element.payload);
    }
    if (elements.malformed()) return false;
  }
  return !attributes.malformed();
}

}  // namespace

void StartListing(netlink::Dump& dump, netlink::Socket& socket, const std::optional<std::string>& set,
                  uint32_t flags) {
  std::array<uint8_t, kRequestBytes> buffer;
  MessageWriter writer(buffer);
  const uint32_t sequence = socket.UseSequence();
  BeginRequest(writer, IPSET_CMD_LIST, NLM_F_DUMP, sequence);
  if (set) writer.PutText(IPSET_ATTR_SETNAME, *set);
  if (flags != 0) writer.PutBe32(IPSET_ATTR_FLAGS | NLA_F_NET_BYTEORDER, flags);
  if (!writer.Finish()) throw KernelError("listing", EMSGSIZE);
  dump.Start(writer.data(), sequence);
}

EntryListing::EntryListing(netlink::SocketPool& pool, std::string set)
    : set_(std::move(set)), socket_(pool.Take()), dump_(*socket_) {}

DumpState EntryListing::Read(RowPiece& piece, size_t enough) {
  if (!started_) StartListing(dump_, *socket_, set_, 0);
  started_ = true;
  DumpState state = DumpState::kMore;
  while (state == DumpState::kMore && piece.bytes.size() < enough) {
    state = dump_.Read([&](const Message& message) { ReadMessage(message, piece); });
  }
  if (stride_ > 0) piece.row_bytes = stride_;
  if (state != DumpState::kMore) socket_.Return();
  return state;
}

void EntryListing::ReadMessage(const Message& message, RowPiece& piece) {
  if (stride_ == 0) ReadHeader(message);
  EntryRow row;
  const bool good = EachElement(message, [&](Bytes element) {
    std::memset(&row, 0, stride_);
    row.fields = 0;
    if (!reader_.Read(element, row)) Malformed();
    if (RowBytesOf(row.fields) > stride_)
      throw KernelError("entries", ESTALE, "the set was replaced while it was being read");
    piece.bytes.Append(BytesOf(row).first(stride_));
  });
  if (!good) Malformed();
}

// A listing begins with the set's header. To ask for it apart would have the kernel walk through the set once
// more.
void EntryListing::ReadHeader(const Message& message) {
  SetHeader header;
  if (!ReadSetHeader(message.payload, header) || header.type.empty()) Malformed();
  stride_ = RowBytes(header);
}

SaveListing::SaveListing(netlink::SocketPool& pool, std::optional<std::string> set)
    : set_(std::move(set)), socket_(pool.Take()), dump_(*socket_) {}

DumpState SaveListing::Read(RowPiece& piece, size_t enough) {
  if (!started_) StartListing(dump_, *socket_, set_, 0);
  started_ = true;
  text_.clear();
  DumpState state = DumpState::kMore;
  while (state == DumpState::kMore && text_.size() < enough) {
    state = dump_.Read([&](const Message& message) { ReadMessage(message); });
  }
  piece.bytes.Append({reinterpret_cast<const uint8_t*>(text_.data()), text_.size()});
  if (state != DumpState::kMore) socket_.Return();
  return state;
}

void SaveListing::ReadMessage(const Message& message) {
  SetHeader header;
  if (!ReadSetHeader(message.payload, header)) Malformed();
  // Only a set's first message names its type.
  if (!header.type.empty()) text_ += PrintCreate(header) + '\n';
  const bool good = EachElement(message, [&](Bytes element) {
    EntryRow row{};
    if (!reader_.Read(element, row)) Malformed();
    text_ += "add ";
    text_ += header.name;
    text_ += ' ';
    PrintEntry(row, text_);
    text_ += '\n';
  });
  if (!good) Malformed();
}

}  // namespace director::ipset
