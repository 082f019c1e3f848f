/*
 * The load and the limit for the conntrack suite: nothing but system calls.
 *
 * `conntrack generate FLOWS [PID]`: creates UDP flows at full speed; with PID, that process is stopped
 * meanwhile.
 *
 * `conntrack listen FLOWS`: receives events of new flows and discards them, until all are accounted for.
 *
 * `conntrack drain FLOWS`: fills a listening socket's buffer first, then receives and discards.
 *
 * FLOWS go to 64 destinations in turn (10.96.0.0 to 10.96.0.63, port 53). Prints one line of JSON; times are
 * those of CLOCK_MONOTONIC in seconds, which all processes share. `listen` prints "ready" first. Errors end
 * it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  AT_ONCE = 200,      /* requests a datagram */
  ROOM = 192,         /* bytes a request fills at most */
  TABLE = 100000,     /* flows after which the table is emptied: it admits some 250,000 */
  SLOTS = 64,         /* datagrams a recvmmsg */
  BUFFER = 256 << 20, /* bytes of the listening socket, doubled by the kernel */
};

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static double seconds_of(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* --- requests --- */

static char* put(char* at, uint16_t type, const void* data, uint16_t size) {
  struct nlattr* a = (struct nlattr*)at;
  a->nla_type = type;
  a->nla_len = NLA_HDRLEN + size;
  memcpy(at + NLA_HDRLEN, data, size);
  return at + NLA_ALIGN(a->nla_len);
}
static void close_nest(char* nest, char* end, uint16_t type) {
  ((struct nlattr*)nest)->nla_type = type | NLA_F_NESTED;
  ((struct nlattr*)nest)->nla_len = end - nest;
}

static char* tuple(char* at, uint16_t type, const uint32_t ip[2], const uint16_t port[2]) {
  const uint8_t udp = IPPROTO_UDP;
  char *outer = at, *inner = at += NLA_HDRLEN;
  at += NLA_HDRLEN;
  at = put(at, CTA_IP_V4_SRC, &ip[0], 4);
  at = put(at, CTA_IP_V4_DST, &ip[1], 4);
  close_nest(inner, at, CTA_TUPLE_IP);
  inner = at;
  at += NLA_HDRLEN;
  at = put(at, CTA_PROTO_NUM, &udp, 1);
  at = put(at, CTA_PROTO_SRC_PORT, &port[0], 2);
  at = put(at, CTA_PROTO_DST_PORT, &port[1], 2);
  close_nest(inner, at, CTA_TUPLE_PROTO);
  close_nest(outer, at, type);
  return at;
}

static char* begin(char* at, uint8_t command, uint16_t flags) {
  struct nlmsghdr* header = (struct nlmsghdr*)at;
  struct nfgenmsg* family = (struct nfgenmsg*)(at + NLMSG_HDRLEN);
  memset(at, 0, NLMSG_HDRLEN + sizeof *family);
  header->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | command;
  header->nlmsg_flags = NLM_F_REQUEST | flags;
  family->nfgen_family = AF_INET;
  family->version = 1;
  return at + NLMSG_HDRLEN + sizeof *family;
}
static char* finish(char* start, char* end) {
  ((struct nlmsghdr*)start)->nlmsg_len = end - start;
  return end;
}

static char* creation(char* start, uint32_t index) {
  const uint32_t client = htonl(0x0a000000 + index), service = htonl(0x0a600000 + index % 64);
  const uint32_t there[] = {client, service}, back[] = {service, client}, timeout = htonl(300);
  const uint16_t to[] = {htons(1024), htons(53)}, from[] = {htons(53), htons(1024)};
  char* at = begin(start, IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL);
  at = tuple(at, CTA_TUPLE_ORIG, there, to);
  at = tuple(at, CTA_TUPLE_REPLY, back, from);
  at = put(at, CTA_TIMEOUT, &timeout, 4);
  return finish(start, at);
}

/* --- sockets --- */

static int open_socket(uint32_t groups) {
  const int size = BUFFER;
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
  int sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
  if (sock < 0) fail("socket");
  setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  if (bind(sock, (struct sockaddr*)&address, sizeof address) != 0) fail("bind");
  return sock;
}

/* The kernel works inside send(); only refusals come back, and the answer to the last request. */
static void send_requests(int sock, char* requests, char* end, struct nlmsghdr* last) {
  char reply[4096];
  last->nlmsg_flags |= NLM_F_ACK;
  if (send(sock, requests, end - requests, 0) < 0) fail("send");
  ssize_t size = recv(sock, reply, sizeof reply, 0);
  if (size < 0) fail("recv");
  struct nlmsghdr* h = (struct nlmsghdr*)reply;
  if (!NLMSG_OK(h, size) || h->nlmsg_type != NLMSG_ERROR) exit(1);
  errno = -((struct nlmsgerr*)NLMSG_DATA(h))->error;
  if (errno != 0) fail("kernel");
}

static void empty_table(int sock) {
  char request[64];
  char* end = finish(request, begin(request, IPCTNL_MSG_CT_DELETE, 0));
  send_requests(sock, request, end, (struct nlmsghdr*)request);
}

static void create(int sock, uint32_t flows) {
  static char requests[AT_ONCE * ROOM];
  for (uint32_t first = 0; first < flows; first += AT_ONCE) {
    char *end = requests, *last = NULL;
    if (first > 0 && first % TABLE == 0) empty_table(sock);
    for (uint32_t i = first; i < first + AT_ONCE && i < flows; i++) {
      last = end;
      end = creation(end, i);
    }
    send_requests(sock, requests, end, (struct nlmsghdr*)last);
  }
}

/* --- modes --- */

static int generate(uint32_t flows, pid_t stopped) {
  int sock = open_socket(0);
  if (stopped > 0 && kill(stopped, SIGSTOP) != 0) fail("stop");
  double started = seconds_of(CLOCK_MONOTONIC);
  create(sock, flows);
  double finished = seconds_of(CLOCK_MONOTONIC);
  printf("{\"started\": %.6f, \"finished\": %.6f}\n", started, finished);
  fflush(stdout);
  if (stopped > 0) kill(stopped, SIGCONT);
  return 0;
}

static uint32_t drops(int sock) {
  uint32_t figures[SK_MEMINFO_VARS] = {0};
  socklen_t size = sizeof figures;
  if (getsockopt(sock, SOL_SOCKET, SO_MEMINFO, figures, &size) != 0) fail("getsockopt");
  return figures[SK_MEMINFO_DROPS];
}

/* Receives until all `flows` are there or known to be lost. */
static uint32_t discard(int sock, uint32_t flows) {
  static char bytes[SLOTS][4096];
  struct iovec vectors[SLOTS];
  struct mmsghdr headers[SLOTS] = {0};
  uint32_t received = 0;
  for (int i = 0; i < SLOTS; i++) {
    vectors[i] = (struct iovec){bytes[i], sizeof bytes[i]};
    headers[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
  }
  while (received + drops(sock) < flows) {
    struct pollfd poll_for = {sock, POLLIN, 0};
    poll(&poll_for, 1, -1);
    int n;
    while ((n = recvmmsg(sock, headers, SLOTS, MSG_DONTWAIT, NULL)) > 0) received += n;
    if (n < 0 && errno != EAGAIN && errno != ENOBUFS) fail("recvmmsg");
  }
  return received;
}

/* By a process of its own, as for the other listener of that row: both empty what somebody else filled. */
static void create_elsewhere(uint32_t flows) {
  int status;
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    create(open_socket(0), flows);
    _exit(0);
  }
  if (waitpid(child, &status, 0) != child) fail("waitpid");
  if (status != 0) exit(1);
}

static int listening(uint32_t flows, int full) {
  int sock = open_socket(1 << (NFNLGRP_CONNTRACK_NEW - 1));
  if (full) create_elsewhere(flows);
  puts("ready");
  fflush(stdout);
  double started = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  uint32_t received = discard(sock, flows);
  printf("{\"started\": %.6f, \"finished\": %.6f, \"cpuSeconds\": %.6f, \"received\": %u, \"lost\": %u}\n",
         started, seconds_of(CLOCK_MONOTONIC), seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu, received,
         drops(sock));
  return 0;
}

int main(int argc, char** argv) {
  uint32_t flows = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
  if (flows == 0) return 2;
  if (strcmp(argv[1], "generate") == 0) return generate(flows, argc > 3 ? atoi(argv[3]) : 0);
  return listening(flows, strcmp(argv[1], "drain") == 0);
}
