#include "ipset/parse_entry.h"

#include <netinet/in.h>

#include "ipset/names.h"
#include "ipset/parse_extensions.h"
#include "ipset/scan.h"
#include "ipset/wire.h"
#include "util/bytes.h"

namespace director::ipset {
namespace {

class ElementParser {
 public:
  ElementParser(const EntryRules& rules, const ParseOptions& options, EntryRow& row, EntryFault& fault)
      : rules_(rules), options_(options), row_(row), fault_(fault) {}

  bool Parse(std::string_view element) {
    const auto& parts = rules_.shape.type->parts;
    bool more = true;
    for (const Part part : parts) {
      if (part == Part::kNone) break;
      if (!more) return part == Part::kOptionalMac || TooShort(element, part);
      // A set's name may hold commas; it is the only part where it stands.
      const Halves halves =
          part == Part::kMember ? Halves{rest_of(element), {}, false} : SplitAt(rest_of(element), ',');
      if (!ParsePart(part, halves.first)) return false;
      rest_ = halves.second;
      started_ = true;
      more = halves.found;
    }
    return !more || Reject(fault_, "entry", element, "no more parts than " + EntryForm(*rules_.shape.type));
  }

 private:
  std::string_view rest_of(std::string_view element) const { return started_ ? rest_ : element; }

  bool TooShort(std::string_view element, Part) {
    return Reject(fault_, "entry", element, "all parts of " + EntryForm(*rules_.shape.type));
  }

  bool ParsePart(Part part, std::string_view text) {
    switch (part) {
      case Part::kAddresses:
      case Part::kAddress:
      case Part::kNetwork:
      case Part::kAnyNetwork:
        return (row_.fields & kAddress) == 0
                   ? ParseSide(text, "address", kAddress, row_.address, row_.address_to, row_.prefix)
                   : ParseSide(text, "address2", kAddress2, row_.address2, row_.address2_to, row_.prefix2);
      case Part::kTransportPort:
        return ParseTransportPort(text);
      case Part::kPort:
        return ParseBarePort(text);
      case Part::kMac:
      case Part::kOptionalMac:
        row_.fields |= kMac;
        return ScanMac(text, row_.mac) ||
               Reject(fault_, "mac", text, "six hexadecimal bytes: 00:11:22:33:44:55");
      case Part::kMark:
        return ParseMark(text);
      case Part::kInterface:
        return ParseInterface(text);
      case Part::kMember:
        return ParseSetName(text, "set", kMember, row_.name);
      case Part::kNone:
        break;
    }
    return true;
  }

  // "address", "address/prefix" or "address-address"; the bits of the range's end and of the prefix follow
  // `has`.
  bool ParseSide(std::string_view text, std::string_view field, uint32_t has, uint8_t (&from)[16],
                 uint8_t (&to)[16], uint8_t& prefix) {
    const Halves range = SplitAt(text, '-');
    const Halves network = SplitAt(range.first, '/');
    if (!ParseAddress(network.first, field, from)) return false;
    row_.fields |= has;
    if (range.found) {
      if (!ParseAddress(range.second, field, to)) return false;
      row_.fields |= has << 1;
    }
    if (!network.found) return true;
    const auto length = ScanNumber(network.second, row_.family == AF_INET6 ? 128 : 32);
    if (!length) {
      return Reject(fault_, has == kAddress ? "prefixLength" : "prefixLength2", network.second,
                    row_.family == AF_INET6 ? "1–128" : "1–32");
    }
    prefix = static_cast<uint8_t>(*length);
    row_.fields |= has << 2;
    return true;
  }

  bool ParseAddress(std::string_view text, std::string_view field, uint8_t (&out)[16]) {
    const uint8_t family = ScanAddress(text, out);
    const uint8_t wanted = rules_.shape.family;
    if (family == wanted) {
      row_.family = family;
      return true;
    }
    const std::string_view expected = wanted == AF_INET6 ? "an IPv6 address" : "an IPv4 address";
    return Reject(fault_, field, text,
                  family == 0 ? std::string(expected) + " in figures (no names)"
                              : std::string(expected) + ", since the set's family is " +
                                    (wanted == AF_INET6 ? "inet6" : "inet"));
  }

  bool ParseTransportPort(std::string_view text) {
    const Halves halves = SplitAt(text, ':');
    row_.protocol = IPPROTO_TCP;
    row_.fields |= kProtocolField;
    if (halves.found) {
      const auto protocol = ScanProtocol(halves.first);
      if (!protocol) return Reject(fault_, "protocol", halves.first, "a protocol's name or number");
      row_.protocol = *protocol;
      text = halves.second;
    }
    if (!IsIcmp(row_.protocol)) return ParsePorts(text);
    const auto icmp = ScanIcmp(row_.protocol, text);
    if (!icmp) return Reject(fault_, "port", text, "an ICMP type/code, or one of ipset's names for them");
    row_.port = *icmp;
    row_.fields |= kPort;
    return true;
  }

  // ipset lets a protocol stand before a port of bitmap:port, only to look up service names for it.
  bool ParseBarePort(std::string_view text) {
    const Halves halves = SplitAt(text, ':');
    row_.protocol = IPPROTO_TCP;
    if (!halves.found) return ParsePorts(text);
    const auto protocol = ScanProtocol(halves.first);
    if (!protocol || (*protocol != IPPROTO_TCP && *protocol != IPPROTO_UDP)) {
      return Reject(fault_, "protocol", halves.first, "tcp or udp before a port of bitmap:port");
    }
    row_.protocol = *protocol;
    return ParsePorts(halves.second);
  }

  bool ParsePorts(std::string_view text) {
    const Halves range = SplitPorts(text);
    if (!ParsePort(range.first, row_.port)) return false;
    row_.fields |= kPort;
    if (!range.found) return true;
    row_.fields |= kPortTo;
    return ParsePort(range.second, row_.port_to);
  }

  // A service's name may hold a dash inside brackets.
  static Halves SplitPorts(std::string_view text) {
    if (!text.starts_with('[')) return SplitAt(text, '-');
    const size_t closing = text.find(']');
    if (closing == std::string_view::npos || closing + 1 == text.size() || text[closing + 1] != '-')
      return {text, {}, false};
    return {text.substr(0, closing + 1), text.substr(closing + 2), true};
  }

  bool ParsePort(std::string_view text, uint16_t& port) {
    if (const auto number = ScanNumber(text, UINT16_MAX)) {
      port = static_cast<uint16_t>(*number);
      return true;
    }
    if (!options_.service_names) return Reject(fault_, "port", text, "0–65535");
    const auto named = ServicePort(std::string(Unbracketed(text)), row_.protocol);
    if (!named) return Reject(fault_, "port", text, "0–65535, or a service of /etc/services");
    port = *named;
    return true;
  }

  bool ParseMark(std::string_view text) {
    const auto mark = ScanNumber(text, UINT32_MAX);
    if (!mark) return Reject(fault_, "mark", text, "0–4294967295");
    row_.mark = static_cast<uint32_t>(*mark);
    row_.fields |= kMark;
    return true;
  }

  bool ParseInterface(std::string_view text) {
    constexpr std::string_view kPhysical = "physdev:";
    if (text.starts_with(kPhysical)) {
      text.remove_prefix(kPhysical.size());
      row_.fields |= kPhysicalDevice;
    }
    if (text.empty() || text.size() > kMaxInterfaceBytes) {
      return Reject(fault_, "interface", text, "an interface's name of 1–15 bytes");
    }
    CopyText(text, row_.name);
    row_.fields |= kInterface;
    return true;
  }

  bool ParseSetName(std::string_view text, std::string_view field, uint32_t has, char (&out)[32]) {
    if (text.empty() || text.size() > kMaxNameBytes)
      return Reject(fault_, field, text, "a set's name of 1–31 bytes");
    CopyText(text, out);
    row_.fields |= has;
    return true;
  }

  const EntryRules& rules_;
  const ParseOptions& options_;
  EntryRow& row_;
  EntryFault& fault_;
  std::string_view rest_;
  bool started_ = false;
};

}  // namespace

bool ParseEntry(std::string_view text, const EntryRules& rules, const ParseOptions& options, EntryRow& row,
                EntryFault& fault) {
  row.fields = 0;
  row.family = 0;
  std::string_view rest = text;
  const std::string_view element = TakeWord(rest);
  if (element.empty()) return Reject(fault, "entry", text, EntryForm(*rules.shape.type));
  return ElementParser(rules, options, row, fault).Parse(element) && ParseExtensions(rest, row, fault) &&
         CheckEntry(rules, row, fault);
}

}  // namespace director::ipset
