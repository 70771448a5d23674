/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Calls through tunnels that lose packets: what is lost in spite of redundancy, what it costs, and when it begins and
 * ends.
 */
#include "common/redundancy/repair.h"
#include "tests/unit/redundancy_case.h"
#include "tests/unit/runner.h"

#include <stdio.h>

#define SEED 20
/** Packets until redundancy has found the loss: 30 s. */
#define WARM_UP 1500

static struct call call;

static void begin(double loss, double burst, uint8_t factor)
{
	call = (struct call){.loss = loss, .burst = burst, .factor = factor, .rtp = true, .delay = 1};
	call_begin(&call, SEED);
}

/** Run a long call.  @return the fraction that was lost once redundancy was in force. */
static double residual(unsigned packets)
{
	unsigned before, sent;

	call_run(&call, WARM_UP);
	before = call.delivered;
	sent = call.sent;
	for (; packets > 0; packets -= packets < 30000 ? packets : 30000)
		call_run(&call, packets < 30000 ? packets : 30000);
	ck_assert_uint_eq(call.damaged + call.doubles + call.clear_delays, 0);
	ck_assert_uint_lt(call.worst_repair_ms, TSCF_REDUNDANCY_BOUND_MS);
	return 1 - (call.delivered - before) / (double)(call.sent - sent);
}

static const struct {
	double loss, burst, residual, bandwidth;
	unsigned packets;
} bars[] = {
    {0.01, 0, 0.00001, 2.6, 200000}, {0.05, 0, 0.0002, 2.6, 60000}, {0.10, 0, 0.001, 2.6, 50000},
    {0.20, 0, 0.01, 3.5, 50000},     {0.05, 3, 0.005, 4, 60000},
};

START_TEST(what_is_lost_in_spite)
{
	double lost, bandwidth;

	begin(bars[_i].loss, bars[_i].burst, TSCF_REDUNDANCY_AUTO);
	lost = residual(bars[_i].packets);
	bandwidth = call_bandwidth(&call);
	printf("loss %2.0f %%, bursts of %.0f: %.4f %% remain, %.2f times the bandwidth, reports %.1f %%\n",
	       bars[_i].loss * 100, bars[_i].burst, lost * 100, bandwidth,
	       100.0 * (double)call.report_bytes / (double)call.source_bytes);
	ck_assert_double_le(lost, bars[_i].residual);
	ck_assert_double_le(bandwidth, bars[_i].bandwidth);
	call_end(&call);
}
END_TEST

/* The bound holds, and a longer one gives back more of what is lost in bursts. */
START_TEST(bound)
{
	static const unsigned bounds[] = {TSCF_REDUNDANCY_BOUND_MIN_MS, TSCF_REDUNDANCY_BOUND_MAX_MS};
	double lost[2];

	for (unsigned i = 0; i < 2; i++) {
		begin(0.05, 3, TSCF_REDUNDANCY_AUTO);
		call.sender.shared.bound = call.receiver.shared.bound = bounds[i];
		call_run(&call, WARM_UP);
		lost[i] = call_run(&call, 30000);
		ck_assert_uint_lt(call.worst_repair_ms, bounds[i]);
		call_end(&call);
	}
	ck_assert_uint_gt(call.worst_repair_ms, TSCF_REDUNDANCY_BOUND_MS);
	ck_assert_double_lt(lost[1], lost[0] / 2);
}
END_TEST

START_TEST(nothing_on_a_clean_path)
{
	begin(0, 0, TSCF_REDUNDANCY_AUTO);
	call_run(&call, 30000);
	ck_assert_uint_eq(call.delivered, 30000 - call.delay);
	ck_assert_uint_eq(call.repair_bytes + call.report_bytes, 0);
	call_end(&call);
}
END_TEST

/* Without RTP: a count of 36 bytes with its headers at most every TSCF_REDUNDANCY_COUNT_MS. */
START_TEST(counts_without_rtp)
{
	call = (struct call){.factor = TSCF_REDUNDANCY_AUTO, .delay = 1};
	call_begin(&call, SEED);
	call_run(&call, 3000);
	ck_assert_uint_gt(call.repair_bytes, 0);
	ck_assert_uint_le(call.repair_bytes, 36 * 60000 / TSCF_REDUNDANCY_COUNT_MS);
	ck_assert_uint_eq(call.report_bytes, 0);
	call_end(&call);
}
END_TEST

/** Lose from the next packet on.  @return ms until the first repair packet is sent. */
static unsigned first_repair(double loss)
{
	uint64_t before = call.sender.shared.counters.repairs_sent;
	unsigned packets = 0;

	call.loss = loss;
	while (call.sender.shared.counters.repairs_sent == before && packets < 1000) {
		call_run(&call, 1);
		packets++;
	}
	return packets * CALL_SPACING_MS;
}

/* From the first loss: the sender must know within 500 ms, both with RTP and without, though reports are lost too. */
START_TEST(begins_and_ends)
{
	uint64_t bytes;

	call = (struct call){.factor = TSCF_REDUNDANCY_AUTO, .rtp = _i == 0, .delay = 2};
	call_begin(&call, SEED);
	call_run(&call, 500);
	ck_assert_uint_le(first_repair(0.2), 500);
	call_run(&call, 1000);
	ck_assert_uint_gt(call.receiver.shared.counters.repaired, 150);
	ck_assert_uint_eq(call.receiver.flows.repaired, call.receiver.shared.counters.repaired);
	ck_assert_uint_eq(call.sender.flows.repairs_sent, call.sender.shared.counters.repairs_sent);
	/* The loss ends, and so do the repair packets. */
	call.loss = 0;
	call_run(&call, TSCF_ADAPT_HOLD_MS / CALL_SPACING_MS + 50);
	bytes = call.repair_bytes;
	call_run(&call, 500);
	ck_assert_uint_le(call.repair_bytes - bytes, _i == 0 ? 0 : 36 * 10000 / TSCF_REDUNDANCY_COUNT_MS);
	call_end(&call);
}
END_TEST

START_TEST(fixed_factor)
{
	begin(0, 0, (uint8_t)_i);
	call_run(&call, 1000);
	ck_assert_uint_eq(call.sender.shared.counters.repairs_sent, 1000 * (unsigned)_i);
	call_end(&call);
}
END_TEST

/* Packets that were missing before they came into the tunnel are no loss of the tunnel. */
START_TEST(loss_before_the_tunnel)
{
	begin(0, 0, TSCF_REDUNDANCY_AUTO);
	call.hidden = 20;
	call_run(&call, 5000);
	ck_assert_uint_eq(call.sender.shared.counters.repairs_sent, 0);
	ck_assert_uint_le(call.report_bytes * 20, call.source_bytes);
	call_end(&call);
}
END_TEST

/* The network delivers everything twice: programs see what they saw without redundancy, and repaired packets once. */
START_TEST(doubled_packets)
{
	begin(0.1, 0, 1);
	call.twice = true;
	call_run(&call, 20000);
	ck_assert_uint_eq(call.damaged, 0);
	ck_assert_uint_ge(call.delivered, call.sent);
	call_end(&call);
}
END_TEST

/* Forged or stray packets of redundancy: nothing comes of them but a count. */
START_TEST(strangers)
{
	uint8_t bytes[TSCF_REPAIR_HEADER] = {TSCF_REPAIR_FIRST_BYTE}, report[TSCF_REPORT_SIZE];
	struct call_end *end = &call.receiver;

	begin(0, 0, TSCF_REDUNDANCY_AUTO);
	tscf_redundancy_handle(&end->flows, &end->way, bytes, 0, 0);
	tscf_redundancy_handle(&end->flows, &end->way, bytes, sizeof(bytes), 0);
	tscf_report_write(&(struct tscf_report){.flow = 1, .expected = 5, .lost = 5}, report);
	tscf_redundancy_handle(&end->flows, &end->way, report, sizeof(report), 0);
	ck_assert_uint_eq(end->shared.counters.repair_invalid, 3);
	ck_assert_uint_eq(end->shared.flows, 0);
	call_end(&call);
}
END_TEST

/** Send one packet from another port each time.  @return the flows that are kept. */
static unsigned flows_after(unsigned ports, unsigned flows_max, uint64_t step)
{
	struct tscf_packet_info info = {.version = 4,
					.protocol = 17,
					.transport = 20,
					.total = 48,
					.first = true,
					.source.family = AF_INET,
					.destination.family = AF_INET};
	static const uint8_t data[48];
	struct call_end *end = &call.sender;

	begin(0, 0, TSCF_REDUNDANCY_AUTO);
	end->shared.flows_max = flows_max;
	for (unsigned i = 0; i < ports; i++) {
		info.source_port = (uint16_t)(i + 1);
		tscf_redundancy_sent(&end->flows, &end->way, &info, data, TSCF_REDUNDANCY_AUTO, i * step);
		ck_assert(tscf_redundancy_came(&end->flows, &end->way, &info, data, i * step));
	}
	return end->shared.flows;
}

START_TEST(flows_are_limited)
{
	ck_assert_uint_eq(flows_after(100, 1000, 1), 2 * TSCF_REDUNDANCY_FLOWS);
	call_end(&call);
	ck_assert_uint_eq(flows_after(100, 5, 1), 5);
	call_end(&call);
	/* Idle ones give their places. */
	ck_assert_uint_eq(flows_after(100, 1000, TSCF_REDUNDANCY_IDLE_MS), 2 * TSCF_REDUNDANCY_FLOWS);
	call_end(&call);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("redundancy");
	TCase *tcase = tcase_create("redundancy");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, what_is_lost_in_spite, 0, (int)(sizeof(bars) / sizeof(bars[0])));
	tcase_add_test(tcase, bound);
	tcase_add_test(tcase, nothing_on_a_clean_path);
	tcase_add_test(tcase, counts_without_rtp);
	tcase_add_loop_test(tcase, begins_and_ends, 0, 2);
	tcase_add_loop_test(tcase, fixed_factor, 1, 5);
	tcase_add_test(tcase, loss_before_the_tunnel);
	tcase_add_test(tcase, doubled_packets);
	tcase_add_test(tcase, strangers);
	tcase_add_test(tcase, flows_are_limited);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
