#include "ipset/print_entry.h"

#include <arpa/inet.h>

#include <charconv>

#include "ipset/names.h"
#include "util/bytes.h"

namespace director::ipset {
namespace {

template <class Number>
void AppendNumber(std::string& out, Number value, int base = 10) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, base).ptr;
  out.append(digits, end);
}

void AppendAddress(std::string& out, uint8_t family, const uint8_t (&address)[16]) {
  if (family != AF_INET6) {
    for (int part = 0; part < 4; ++part) {
      if (part > 0) out += '.';
      AppendNumber(out, static_cast<unsigned>(address[part]));
    }
    return;
  }
  char text[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, address, text, sizeof text);
  out += text;
}

void AppendMac(std::string& out, const uint8_t (&mac)[6]) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (int byte = 0; byte < 6; ++byte) {
    if (byte > 0) out += ':';
    out += kDigits[mac[byte] >> 4];
    out += kDigits[mac[byte] & 15];
  }
}

void AppendMark(std::string& out, uint32_t mark) {
  char digits[9];
  const auto end = std::to_chars(digits, digits + 8, mark, 16).ptr;
  out += "0x";
  out.append(8 - static_cast<size_t>(end - digits), '0');
  out.append(digits, end);
}

void AppendPort(std::string& out, const EntryRow& row) {
  if (row.fields & kProtocolField) {
    const std::string_view name = ProtocolName(row.protocol);
    if (name.empty()) {
      AppendNumber(out, static_cast<unsigned>(row.protocol));
    } else {
      out += name;
    }
    out += ':';
    if (IsIcmp(row.protocol)) {
      const std::string_view icmp = IcmpName(row.protocol, row.port);
      if (!icmp.empty()) {
        out += icmp;
        return;
      }
      AppendNumber(out, row.port >> 8);
      out += '/';
      AppendNumber(out, row.port & 255);
      return;
    }
  }
  AppendNumber(out, row.port);
  if (row.fields & kPortTo) {
    out += '-';
    AppendNumber(out, row.port_to);
  }
}

// The parts in the order of every type's name: address, mac or mark or port or interface, second address.
class ElementPrinter {
 public:
  ElementPrinter(const EntryRow& row, std::string& out) : row_(row), out_(out), start_(out.size()) {}

  void Print() {
    if (Part(kAddress)) AppendSide(row_.address, kAddressTo, row_.address_to, kPrefix, row_.prefix);
    if (Part(kMac)) AppendMac(out_, row_.mac);
    if (Part(kMark)) AppendMark(out_, row_.mark);
    if (Part(kPort)) AppendPort(out_, row_);
    if (Part(kInterface)) {
      if (row_.fields & kPhysicalDevice) out_ += "physdev:";
      out_ += TextOf(row_.name);
    }
    if (Part(kAddress2)) AppendSide(row_.address2, kAddress2To, row_.address2_to, kPrefix2, row_.prefix2);
    if (Part(kMember)) out_ += TextOf(row_.name);
  }

 private:
  bool Part(uint32_t field) {
    if ((row_.fields & field) == 0) return false;
    if (out_.size() > start_) out_ += ',';
    return true;
  }

  void AppendSide(const uint8_t (&from)[16], uint32_t to, const uint8_t (&to_bytes)[16], uint32_t has_prefix,
                  uint8_t prefix) {
    AppendAddress(out_, row_.family, from);
    if (row_.fields & to) {
      out_ += '-';
      AppendAddress(out_, row_.family, to_bytes);
    }
    if (row_.fields & has_prefix) {
      out_ += '/';
      AppendNumber(out_, static_cast<unsigned>(prefix));
    }
  }

  const EntryRow& row_;
  std::string& out_;
  size_t start_;
};

void AppendSkbInfo(const EntryRow& row, std::string& out) {
  if (row.fields & kSkbMark) {
    out += " skbmark 0x";
    AppendNumber(out, row.skb_mark, 16);
    if (row.skb_mask != UINT32_MAX) {
      out += "/0x";
      AppendNumber(out, row.skb_mask, 16);
    }
  }
  if (row.fields & kSkbPriority) {
    out += " skbprio ";
    AppendNumber(out, row.skb_priority >> 16, 16);
    out += ':';
    AppendNumber(out, row.skb_priority & 0xffff, 16);
  }
  if (row.fields & kSkbQueue) {
    out += " skbqueue ";
    AppendNumber(out, row.skb_queue);
  }
}

}  // namespace

std::string PrintAddress(uint8_t family, const uint8_t (&address)[16]) {
  std::string text;
  AppendAddress(text, family, address);
  return text;
}

std::string PrintElement(const EntryRow& row) {
  std::string text;
  ElementPrinter(row, text).Print();
  return text;
}

void PrintEntry(const EntryRow& row, std::string& out) {
  ElementPrinter(row, out).Print();
  if (row.fields & kReference) {
    out += row.fields & kBefore ? " before " : " after ";
    out += TextOf(row.reference);
  }
  if (row.fields & kTimeout) {
    out += " timeout ";
    AppendNumber(out, row.timeout);
  }
  if (row.fields & kNoMatch) out += " nomatch";
  if (row.fields & kWildcard) out += " wildcard";
  if (row.fields & kPackets) {
    out += " packets ";
    AppendNumber(out, row.packets);
  }
  if (row.fields & kBytes) {
    out += " bytes ";
    AppendNumber(out, row.bytes);
  }
  if (row.fields & kComment) {
    out += " comment \"";
    out += TextOf(row.comment);
    out += '"';
  }
  AppendSkbInfo(row, out);
}

}  // namespace director::ipset
