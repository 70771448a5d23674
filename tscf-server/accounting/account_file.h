/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * account_file.h - records as lines in a file: tscf-server.conf(5), accounting-log.
 *
 * The file is made with mode 0640 if there is none.  It has whole lines only, even after the disk was full.
 */
#ifndef TSCF_SERVER_ACCOUNT_FILE_H
#define TSCF_SERVER_ACCOUNT_FILE_H

#include "tscf-server/accounting/recorder.h"

/** @return a recorder whose targets are names of files, or NULL when out of memory. */
struct server_recorder *server_account_file_new(void);

#endif
