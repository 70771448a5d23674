/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/resume_secret.h"

#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* @p what could not be kept, for the reason @p error. */
static void note_loss(const char *what, int error)
{
	tscf_warning("%s: %s: after a crash the encrypted tunnel will take seconds to come back", what,
		     strerror(error));
}

void resume_secret_open(struct resume_secret *s, const char *state_dir)
{
	char file[PATH_MAX];
	*s = (struct resume_secret){.file = -1};
	if (!state_dir)
		return;
	if (snprintf(file, sizeof(file), "%s/resume-secret", state_dir) < (int)sizeof(file))
		s->file = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	else
		errno = ENAMETOOLONG;
	if (s->file < 0) {
		note_loss(file, errno);
		return;
	}
	s->known = s->former_run = pread(s->file, s->bytes, sizeof(s->bytes), 0) == sizeof(s->bytes);
}

void resume_secret_close(struct resume_secret *s)
{
	if (s->file >= 0)
		close(s->file);
	s->file = -1;
}

/*
 * The secret overwrites the old one without fsync, for which packets would have to wait.  After a power failure the
 * file may be damaged: then the server refuses the secret, and probes the old tunnel.
 */
void resume_secret_take(struct resume_secret *s, const struct tscf_message *response)
{
	struct tscf_tlv tlv;
	s->former_run = false;
	s->known = tscf_message_find(response, TSCF_TLV_RESUME_SECRET, &tlv) && tlv.length == sizeof(s->bytes);
	if (!s->known)
		return;
	memcpy(s->bytes, tlv.value, sizeof(s->bytes));
	if (s->file >= 0 && pwrite(s->file, s->bytes, sizeof(s->bytes), 0) != sizeof(s->bytes))
		note_loss("resume-secret", errno);
}

void resume_secret_write(const struct resume_secret *s, struct tscf_writer *w)
{
	if (!s->known)
		return;
	tscf_write_bytes(w, TSCF_TLV_RESUME_SECRET, s->bytes, sizeof(s->bytes));
	/* Without this, the bindings of the former run would never be released. */
	if (s->former_run)
		tscf_write_bytes(w, TSCF_TLV_COMPLETE, NULL, 0);
}
