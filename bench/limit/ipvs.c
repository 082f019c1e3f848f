/*
 * The limit for the ipvs suite: what is left when nothing but system calls is done.
 *
 *   ipvs program    SERVICES SERVERS   prebuilt datagrams of many requests, one acknowledgement each
 *   ipvs one-by-one SERVICES SERVERS   the same requests, one a datagram, each acknowledged before the next
 *   ipvs list                          reads all services and their servers, looks at nothing but the keys
 *
 * Prints {"seconds": …, "seen": …}. Requests are built before the clock starts. Errors end it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DATAGRAM = 128 << 10, RECEIVE = 64 << 10 };

static int sock;
static uint16_t family;
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

struct request {
  struct nlmsghdr* header;
  char* end;
};

static struct request begin(char* at, uint16_t type, uint8_t command, uint16_t flags) {
  struct nlmsghdr* header = (struct nlmsghdr*)at;
  struct genlmsghdr* generic = (struct genlmsghdr*)(at + NLMSG_HDRLEN);
  memset(at, 0, NLMSG_HDRLEN + GENL_HDRLEN);
  header->nlmsg_type = type;
  header->nlmsg_flags = NLM_F_REQUEST | flags;
  header->nlmsg_seq = ++sequence;
  generic->cmd = command;
  generic->version = 1;
  return (struct request){header, at + NLMSG_HDRLEN + GENL_HDRLEN};
}

static void put(struct request* r, uint16_t type, const void* data, uint16_t size) {
  struct nlattr* a = (struct nlattr*)r->end;
  a->nla_type = type;
  a->nla_len = NLA_HDRLEN + size;
  memcpy(r->end + NLA_HDRLEN, data, size);
  r->end += NLA_ALIGN(a->nla_len);
}
static void put16(struct request* r, uint16_t type, uint16_t v) {
  put(r, type, &v, 2);
}
static void put32(struct request* r, uint16_t type, uint32_t v) {
  put(r, type, &v, 4);
}

static char* nest(struct request* r, uint16_t type) {
  char* start = r->end;
  ((struct nlattr*)start)->nla_type = type | NLA_F_NESTED;
  r->end += NLA_HDRLEN;
  return start;
}
static void close_nest(struct request* r, char* start) {
  ((struct nlattr*)start)->nla_len = r->end - start;
}
static char* finish(struct request* r) {
  r->header->nlmsg_len = r->end - (char*)r->header;
  return r->end;
}

static void put_key(struct request* r, uint32_t index) {
  put16(r, IPVS_SVC_ATTR_AF, AF_INET);
  put16(r, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
  put32(r, IPVS_SVC_ATTR_ADDR, htonl(0x0a640000 + index));
  put16(r, IPVS_SVC_ATTR_PORT, htons(80));
}

static char* service(char* at, uint32_t index, uint16_t flags) {
  struct request r = begin(at, family, IPVS_CMD_NEW_SERVICE, flags);
  struct ip_vs_flags none = {0, ~0u};
  char* n = nest(&r, IPVS_CMD_ATTR_SERVICE);
  put_key(&r, index);
  put(&r, IPVS_SVC_ATTR_SCHED_NAME, "rr", 3);
  put(&r, IPVS_SVC_ATTR_FLAGS, &none, sizeof none);
  put32(&r, IPVS_SVC_ATTR_TIMEOUT, 0);
  put32(&r, IPVS_SVC_ATTR_NETMASK, ~0u);
  close_nest(&r, n);
  return finish(&r);
}

static char* server(char* at, uint32_t service_index, uint32_t index, uint16_t flags) {
  struct request r = begin(at, family, IPVS_CMD_NEW_DEST, flags);
  char* n = nest(&r, IPVS_CMD_ATTR_SERVICE);
  put_key(&r, service_index);
  close_nest(&r, n);
  n = nest(&r, IPVS_CMD_ATTR_DEST);
  put16(&r, IPVS_DEST_ATTR_ADDR_FAMILY, AF_INET);
  put32(&r, IPVS_DEST_ATTR_ADDR, htonl(0x0a800001 + index));
  put16(&r, IPVS_DEST_ATTR_PORT, htons(8080));
  put32(&r, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_MASQ);
  put32(&r, IPVS_DEST_ATTR_WEIGHT, 1);
  put32(&r, IPVS_DEST_ATTR_U_THRESH, 0);
  put32(&r, IPVS_DEST_ATTR_L_THRESH, 0);
  close_nest(&r, n);
  return finish(&r);
}

/* --- talking --- */

static void open_socket(void) {
  int size = 4 << 20;
  sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
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

static void resolve(void) {
  char buffer[128];
  struct request r = begin(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
  put(&r, CTRL_ATTR_FAMILY_NAME, "IPVS", 5);
  finish(&r);
  if (send(sock, buffer, r.header->nlmsg_len, 0) < 0) fail("send");
  size_t n = receive();
  struct nlmsghdr* h = (void*)received;
  if (!NLMSG_OK(h, n) || h->nlmsg_type == NLMSG_ERROR) fail("no IPVS");
  char *at = (char*)h + NLMSG_HDRLEN + GENL_HDRLEN, *end = (char*)h + h->nlmsg_len;
  while (at + NLA_HDRLEN <= end) {
    struct nlattr* a = (void*)at;
    if (a->nla_type == CTRL_ATTR_FAMILY_ID) memcpy(&family, at + NLA_HDRLEN, 2);
    at += NLA_ALIGN(a->nla_len);
  }
}

/* --- modes --- */

static void send_all(char* requests, char* end, int each) {
  while (requests < end) {
    char* at = requests;
    struct nlmsghdr* last = NULL;
    do {
      last = (struct nlmsghdr*)at;
      at += NLMSG_ALIGN(last->nlmsg_len);
    } while (!each && at < end && at + ((struct nlmsghdr*)at)->nlmsg_len - requests <= DATAGRAM);
    last->nlmsg_flags |= NLM_F_ACK;
    if (send(sock, requests, at - requests, 0) < 0) fail("send");
    acknowledge(last->nlmsg_seq);
    requests = at;
  }
}

static double program(uint32_t services, uint32_t servers, int each) {
  char *requests = malloc((size_t)services * (servers + 1) * 192), *end = requests;
  if (requests == NULL) fail("malloc");
  for (uint32_t s = 0; s < services; s++) {
    end = service(end, s, 0);
    for (uint32_t d = 0; d < servers; d++) end = server(end, s, d, 0);
  }
  double start = now();
  send_all(requests, end, each);
  return now() - start;
}

/* Reads a dump to its end, keeps the service keys where asked to. */
static size_t dump(char* request, char (*keys)[28], size_t room) {
  size_t seen = 0;
  if (send(sock, request, ((struct nlmsghdr*)request)->nlmsg_len, 0) < 0) fail("send");
  for (;;) {
    size_t n = receive();
    for (struct nlmsghdr* h = (void*)received; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
      if (h->nlmsg_type == NLMSG_DONE) return seen;
      if (h->nlmsg_type == NLMSG_ERROR) fail("dump");
      if (keys != NULL && seen < room) {
        /* nest, then AF, PROTOCOL, ADDR (16 bytes), PORT: what a request for its servers has to name */
        char* key = (char*)h + NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN;
        memcpy(keys[seen], key + 8 + 8 + NLA_HDRLEN, 4);
      }
      seen++;
    }
  }
}

static double list(size_t* seen) {
  enum { ROOM = 1 << 20 };
  static char keys[ROOM][28];
  char request[256];
  double start = now();
  struct request r = begin(request, family, IPVS_CMD_GET_SERVICE, NLM_F_DUMP);
  finish(&r);
  size_t services = dump(request, keys, ROOM);
  *seen = services;
  for (size_t s = 0; s < services && s < ROOM; s++) {
    uint32_t address;
    memcpy(&address, keys[s], 4);
    r = begin(request, family, IPVS_CMD_GET_DEST, NLM_F_DUMP);
    char* n = nest(&r, IPVS_CMD_ATTR_SERVICE);
    put_key(&r, ntohl(address) - 0x0a640000);
    close_nest(&r, n);
    finish(&r);
    *seen += dump(request, NULL, 0);
  }
  return now() - start;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  uint32_t services = argc > 2 ? atoi(argv[2]) : 0, servers = argc > 3 ? atoi(argv[3]) : 0;
  size_t seen = 0;
  double seconds;
  open_socket();
  resolve();
  if (strcmp(argv[1], "list") == 0)
    seconds = list(&seen);
  else
    seconds = program(services, servers, strcmp(argv[1], "one-by-one") == 0);
  printf("{\"seconds\": %.6f, \"seen\": %zu}\n", seconds, seen);
  return 0;
}
