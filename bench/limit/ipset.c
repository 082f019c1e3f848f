/*
 * The limit for the sets suite: what is left when nothing but system calls is done.
 *
 *   ipset add     TYPE COUNT   prebuilt lists of elements, as many as a message and a datagram hold
 *   ipset delete  TYPE COUNT
 *   ipset has     TYPE COUNT   prebuilt questions, many a datagram; the kernel answers only for what is
 * missing ipset replace TYPE COUNT   fills the set "next", swaps it with "bench" and destroys it ipset dump
 * TYPE COUNT   reads the listing and throws it away ipset add|delete|has TYPE COUNT one-by-one   one element
 * a datagram, each acknowledged before the next
 *
 * Works on the set "bench", which is there already. Prints {"seconds": …, "seen": …}; `seen` is the number of
 * elements, or for dump of bytes. Requests are built before the clock starts. Errors end it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* LIST: bytes of elements a message, since an attribute's length is 16 bits. */
enum { DATAGRAM = 512 << 10, LIST = 65000, RECEIVE = 72 << 10, ELEMENT = 96 };
enum { BASE = 0x0a000000 };

static int sock;
static uint32_t sequence;
static char received[RECEIVE];

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* --- building --- */

static char* end; /* of what has been built so far */

static void put(uint16_t type, const void* data, uint16_t size) {
  struct nlattr* a = (struct nlattr*)end;
  a->nla_type = type;
  a->nla_len = NLA_HDRLEN + size;
  memset(end + a->nla_len, 0, NLA_ALIGN(a->nla_len) - a->nla_len);
  memcpy(end + NLA_HDRLEN, data, size);
  end += NLA_ALIGN(a->nla_len);
}
static void put8(uint16_t type, uint8_t v) {
  put(type, &v, 1);
}
static void put16(uint16_t type, uint16_t v) {
  v = htons(v);
  put(type | NLA_F_NET_BYTEORDER, &v, 2);
}
static void put32(uint16_t type, uint32_t v) {
  v = htonl(v);
  put(type | NLA_F_NET_BYTEORDER, &v, 4);
}
static void put_text(uint16_t type, const char* text) {
  put(type, text, strlen(text) + 1);
}

static char* nest(uint16_t type) {
  char* start = end;
  ((struct nlattr*)start)->nla_type = type | NLA_F_NESTED;
  end += NLA_HDRLEN;
  return start;
}
static void close_nest(char* start) {
  ((struct nlattr*)start)->nla_len = end - start;
}

static struct nlmsghdr* begin(uint8_t command, uint16_t flags, const char* set) {
  struct nlmsghdr* header = (struct nlmsghdr*)end;
  struct nfgenmsg* generic = (struct nfgenmsg*)(end + NLMSG_HDRLEN);
  header->nlmsg_type = NFNL_SUBSYS_IPSET << 8 | command;
  header->nlmsg_flags = NLM_F_REQUEST | flags;
  header->nlmsg_seq = ++sequence;
  header->nlmsg_pid = 0;
  *generic = (struct nfgenmsg){AF_INET, NFNETLINK_V0, 0};
  end += NLMSG_HDRLEN + NLMSG_ALIGN(sizeof *generic);
  put8(IPSET_ATTR_PROTOCOL, IPSET_PROTOCOL);
  put_text(IPSET_ATTR_SETNAME, set);
  return header;
}
static void finish(struct nlmsghdr* header) {
  header->nlmsg_len = end - (char*)header;
}

static void put_address(uint16_t type, uint32_t address) {
  char* n = nest(type);
  put32(IPSET_ATTR_IPADDR_IPV4, address);
  close_nest(n);
}

static void put_port(uint16_t port) {
  put16(IPSET_ATTR_PORT, port);
  put8(IPSET_ATTR_PROTO, IPPROTO_TCP);
}

/* The elements of bench/sets/elements.ts. */
static void put_ip(uint32_t i) {
  put_address(IPSET_ATTR_IP, BASE + i);
}
static void put_net(uint32_t i) {
  put_address(IPSET_ATTR_IP, BASE + i * 16);
  put8(IPSET_ATTR_CIDR, 28);
}
static void put_ip_port(uint32_t i) {
  put_address(IPSET_ATTR_IP, BASE + i / 4);
  put_port(8000 + i % 4);
}
static void put_ip_port_ip(uint32_t i) {
  put_address(IPSET_ATTR_IP, BASE + i);
  put_port(8080);
  put_address(IPSET_ATTR_IP2, BASE + i);
}

typedef void put_element(uint32_t i);

static put_element* element_of(const char* type) {
  if (strcmp(type, "hash:ip") == 0) return put_ip;
  if (strcmp(type, "hash:net") == 0) return put_net;
  if (strcmp(type, "hash:ip,port") == 0) return put_ip_port;
  if (strcmp(type, "hash:ip,port,ip") == 0) return put_ip_port_ip;
  fprintf(stderr, "unknown type %s\n", type);
  exit(2);
}

static void build_singles(uint8_t command, const char* set, put_element* element, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    struct nlmsghdr* header = begin(command, NLM_F_EXCL, set);
    char* data = nest(IPSET_ATTR_DATA);
    element(i);
    close_nest(data);
    finish(header);
  }
}

static void build_lists(uint8_t command, const char* set, put_element* element, uint32_t first,
                        uint32_t count) {
  for (uint32_t i = first; i < first + count;) {
    struct nlmsghdr* header = begin(command, NLM_F_EXCL, set);
    const uint32_t line = 1;
    put(IPSET_ATTR_LINENO, &line, sizeof line);
    char* list = nest(IPSET_ATTR_ADT);
    for (; i < first + count && end - list + ELEMENT < LIST; i++) {
      char* data = nest(IPSET_ATTR_DATA);
      element(i);
      close_nest(data);
    }
    close_nest(list);
    finish(header);
  }
}

/* --- talking --- */

static void open_socket(void) {
  int size = 4 << 20;
  sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
  if (sock < 0) fail("socket");
  setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
}

static size_t receive(void) {
  ssize_t n = recv(sock, received, sizeof received, 0);
  if (n < 0) fail("recv");
  return n;
}

/* Waits for the acknowledgement of `last`; any refusal on the way ends the program. */
static void acknowledge(uint32_t last) {
  for (;;) {
    size_t n = receive();
    for (struct nlmsghdr* h = (void*)received; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
      if (h->nlmsg_type != NLMSG_ERROR) continue;
      errno = -((struct nlmsgerr*)NLMSG_DATA(h))->error;
      if (errno != 0) fail("kernel");
      if (h->nlmsg_seq == last) return;
    }
  }
}

static void send_all(char* requests, size_t datagram) {
  while (requests < end) {
    char* at = requests;
    struct nlmsghdr* last = NULL;
    do {
      last = (struct nlmsghdr*)at;
      at += NLMSG_ALIGN(last->nlmsg_len);
    } while (at < end && at + ((struct nlmsghdr*)at)->nlmsg_len - requests <= (ssize_t)datagram);
    last->nlmsg_flags |= NLM_F_ACK;
    if (send(sock, requests, at - requests, 0) < 0) fail("send");
    acknowledge(last->nlmsg_seq);
    requests = at;
  }
}

static size_t dump(char* request) {
  size_t bytes = 0;
  if (send(sock, request, end - request, 0) < 0) fail("send");
  for (;;) {
    size_t n = receive();
    bytes += n;
    for (struct nlmsghdr* h = (void*)received; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
      if (h->nlmsg_type == NLMSG_DONE) return bytes;
      if (h->nlmsg_type == NLMSG_ERROR) fail("dump");
    }
  }
}

/* --- modes --- */

static uint8_t command_of(const char* work) {
  if (strcmp(work, "add") == 0) return IPSET_CMD_ADD;
  if (strcmp(work, "delete") == 0) return IPSET_CMD_DEL;
  return IPSET_CMD_TEST;
}

static void build_replacement(put_element* element, uint32_t count) {
  build_lists(IPSET_CMD_ADD, "next", element, count / 2, count);
  struct nlmsghdr* swap = begin(IPSET_CMD_SWAP, NLM_F_EXCL, "bench");
  put_text(IPSET_ATTR_SETNAME2, "next");
  finish(swap);
  finish(begin(IPSET_CMD_DESTROY, NLM_F_EXCL, "next"));
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const char* work = argv[1];
  put_element* element = element_of(argv[2]);
  const uint32_t count = atoi(argv[3]);
  const int each = argc > 4;
  char* requests = malloc((size_t)count * (ELEMENT + 64) + (1 << 20));
  if (requests == NULL) fail("malloc");
  end = requests;
  if (strcmp(work, "dump") == 0)
    finish(begin(IPSET_CMD_LIST, NLM_F_DUMP, "bench"));
  else if (strcmp(work, "replace") == 0)
    build_replacement(element, count);
  else if (each || strcmp(work, "has") == 0)
    build_singles(command_of(work), "bench", element, count);
  else
    build_lists(command_of(work), "bench", element, 0, count);

  open_socket();
  const double start = now();
  size_t seen = count;
  if (strcmp(work, "dump") == 0)
    seen = dump(requests);
  else
    send_all(requests, each ? 0 : DATAGRAM);
  printf("{\"seconds\": %.6f, \"seen\": %zu}\n", now() - start, seen);
  return 0;
}
