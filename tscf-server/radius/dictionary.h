/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dictionary.h - the attributes that the server sends and takes, in libradcli's dictionary.
 *
 * The dictionary is a file of the administrator.  libradcli decodes a value by the type that the dictionary says, so an
 * attribute of another type than its own would be ignored when it is received.  A limit that is ignored is none: such a
 * dictionary is refused.
 */
#ifndef TSCF_SERVER_RADIUS_DICTIONARY_H
#define TSCF_SERVER_RADIUS_DICTIONARY_H

#include <stdbool.h>

#include <radcli/radcli.h>

/**
 * Add the attributes that the dictionary lacks, and check the types of the others.
 *
 * @param file  that of libradcli's settings, for the log
 * @return whether the server can use the dictionary; if not, the log says why.
 */
bool server_radius_dictionary_complete(rc_handle *handle, const char *file);

#endif
