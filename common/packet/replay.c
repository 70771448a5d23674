/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/replay.h"

static uint64_t bit(uint64_t number)
{
	return 1ULL << number % 64;
}

static unsigned word(uint64_t number)
{
	return (unsigned)(number / 64 % TSCF_REPLAY_WORDS);
}

bool tscf_replay_is_new(const struct tscf_replay *replay, uint64_t number)
{
	if (number >= replay->next)
		return true;
	/*
	 * The word of the newest number is not full yet: only TSCF_REPLAY_WINDOW numbers are certain to be remembered,
	 * less than the bits of all words.
	 */
	if (replay->next - 1 - number >= TSCF_REPLAY_WINDOW)
		return false;
	return (replay->seen[word(number)] & bit(number)) == 0;
}

void tscf_replay_mark(struct tscf_replay *replay, uint64_t number)
{
	if (number >= replay->next) {
		/* The words between the last number and this one still hold numbers of the previous round. */
		uint64_t first = replay->next == 0 ? 0 : (replay->next - 1) / 64 + 1, last = number / 64;

		if (replay->next == 0)
			replay->first = number;
		if (last >= first + TSCF_REPLAY_WORDS)
			first = last - TSCF_REPLAY_WORDS + 1;
		for (uint64_t w = first; w <= last; w++)
			replay->seen[w % TSCF_REPLAY_WORDS] = 0;
		replay->next = number + 1;
	}
	replay->seen[word(number)] |= bit(number);
	replay->count += number >= replay->first;
}

uint64_t tscf_replay_missing(const struct tscf_replay *replay)
{
	uint64_t missing = replay->next - replay->first - replay->count, number = replay->next;

	/* What may still come. */
	for (unsigned i = 0; i < TSCF_REPLAY_LATE && number > replay->first; i++) {
		number--;
		missing -= (replay->seen[word(number)] & bit(number)) == 0;
	}
	return missing;
}
