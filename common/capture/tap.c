/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/capture/tap.h"

#include "common/packet/packet.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/** About a third of a second at 10,000 packets of voice per second and more; a power of two. */
#define RING_SIZE (4U << 20)

/* --- the ring: bytes at its ends may wrap around --- */

static void ring_write(struct tscf_tap *tap, uint64_t at, const void *data, size_t length)
{
	const size_t begin = at % RING_SIZE;
	const size_t first = length < RING_SIZE - begin ? length : RING_SIZE - begin;

	memcpy(tap->ring + begin, data, first);
	memcpy(tap->ring, (const uint8_t *)data + first, length - first);
}

static void ring_read(const struct tscf_tap *tap, uint64_t at, void *out, size_t length)
{
	const size_t begin = at % RING_SIZE;
	const size_t first = length < RING_SIZE - begin ? length : RING_SIZE - begin;

	memcpy(out, tap->ring + begin, first);
	memcpy((uint8_t *)out + first, tap->ring, length - first);
}

static size_t record_size(const struct tscf_tap_record *r)
{
	return sizeof(*r) + r->comment_length + r->captured;
}

/* --- opening and closing --- */

int tscf_tap_open(struct tscf_tap *tap, const struct tscf_tap_filter *filter, bool client_sends)
{
	if (tap->open)
		return -EBUSY;
	if (!tap->ring) {
		/* Pages that no packet has touched take no memory. */
		void *ring = mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (ring == MAP_FAILED)
			return -ENOMEM;
		tap->ring = ring;
	}
	tap->filter = *filter;
	tap->client_sends = client_sends;
	tap->counts = (struct tscf_tap_counts){.seen = {0}};
	tap->open = true;
	return 0;
}

void tscf_tap_close(struct tscf_tap *tap)
{
	tap->open = false;
}

void tscf_tap_free(struct tscf_tap *tap)
{
	if (tap->ring)
		munmap(tap->ring, RING_SIZE);
	tap->ring = NULL;
	atomic_store(&tap->written, 0);
	atomic_store(&tap->taken, 0);
}

/* --- the side of the packets --- */

static bool wants_all(const struct tscf_tap_filter *f)
{
	return f->protocol == 0 && f->port == 0 && f->remote.addr.family == 0 && f->remote_port == 0;
}

/** A later fragment has no ports, so it may belong to any flow between its addresses, and is wanted. */
static bool is_wanted(const struct tscf_tap *tap, enum tscf_tap_direction direction, const uint8_t *data,
		      uint32_t length)
{
	const bool from_client = (direction == TSCF_TAP_OUT) == tap->client_sends;
	const struct tscf_tap_filter *f = &tap->filter;
	struct tscf_packet_info info;
	uint16_t port, remote_port;

	if (wants_all(f))
		return true;
	if (tscf_packet_parse(data, length, &info) != TSCF_PACKET_OK)
		return false;
	if (f->protocol != 0 && info.protocol != f->protocol)
		return false;
	if (f->remote.addr.family != 0 &&
	    !tscf_prefix_contains(&f->remote, from_client ? &info.destination : &info.source))
		return false;
	if (info.fragment && !info.first)
		return true;
	port = from_client ? info.source_port : info.destination_port;
	remote_port = from_client ? info.destination_port : info.source_port;
	return (f->port == 0 || port == f->port) && (f->remote_port == 0 || remote_port == f->remote_port);
}

static uint64_t wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

void tscf_tap_copy(struct tscf_tap *tap, enum tscf_tap_place place, enum tscf_tap_direction direction,
		   const char *comment, const uint8_t *data, uint32_t length)
{
	const size_t comment_length = comment ? strnlen(comment, UINT8_MAX) : 0;
	struct tscf_tap_record r = {.captured = length < TSCF_TAP_CAPTURED_MAX ? length : TSCF_TAP_CAPTURED_MAX,
				    .original = length,
				    .place = (uint8_t)place,
				    .direction = (uint8_t)direction,
				    .comment_length = (uint8_t)comment_length};
	uint64_t at = atomic_load_explicit(&tap->written, memory_order_relaxed);
	uint64_t taken = atomic_load_explicit(&tap->taken, memory_order_acquire);

	if (!is_wanted(tap, direction, data, length))
		return;
	tap->counts.seen[place]++;
	if (record_size(&r) > RING_SIZE - (at - taken)) {
		tap->counts.lost[place]++;
		return;
	}
	r.time = wall_clock();
	ring_write(tap, at, &r, sizeof(r));
	if (comment)
		ring_write(tap, at + sizeof(r), comment, comment_length);
	ring_write(tap, at + sizeof(r) + comment_length, data, r.captured);
	atomic_store_explicit(&tap->written, at + record_size(&r), memory_order_release);
}

void tscf_tap_copy_all(struct tscf_tap *tap, enum tscf_tap_place place, enum tscf_tap_direction direction,
		       const char *comment, const struct tscf_packet *packets)
{
	for (uint32_t at = 0, n; at < packets->length; at += n) {
		n = tscf_packet_segment(packets, at);
		tscf_tap_copy(tap, place, direction, comment, packets->data + at, n);
	}
}

/* --- the side of the taker --- */

size_t tscf_tap_take(struct tscf_tap *tap, uint8_t *out, size_t size)
{
	uint64_t at = atomic_load_explicit(&tap->taken, memory_order_relaxed);
	const uint64_t written = atomic_load_explicit(&tap->written, memory_order_acquire);
	const uint64_t begin = at;

	while (at < written) {
		struct tscf_tap_record r;

		ring_read(tap, at, &r, sizeof(r));
		if (record_size(&r) > size - (at - begin))
			break;
		ring_read(tap, at, out + (at - begin), record_size(&r));
		at += record_size(&r);
	}
	atomic_store_explicit(&tap->taken, at, memory_order_release);
	return at - begin;
}

bool tscf_tap_empty(const struct tscf_tap *tap)
{
	return atomic_load(&tap->taken) == atomic_load(&tap->written);
}
