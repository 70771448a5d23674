/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/overtime.h"

#include "tscf-server/accounting/reasons.h"
#include "tscf-server/session/dismiss.h"

void server_overtime_tick(struct server_state *state, uint64_t now)
{
	while (state->limited && now >= state->limited->allowance.until)
		server_session_dismiss(state, state->limited, TSCF_RESPONSE_UNAUTHORIZED, SERVER_WHY_TIME, now);
}
