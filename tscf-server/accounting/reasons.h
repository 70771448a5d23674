/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reasons.h - reasons for the end of a tunnel that mean something to accounting, besides what they say to people.
 */
#ifndef TSCF_SERVER_REASONS_H
#define TSCF_SERVER_REASONS_H

#define SERVER_WHY_RELEASED      "released by its client"
#define SERVER_WHY_SILENT        "nothing was heard of it for the persistence time"
#define SERVER_WHY_LOST          "its connection was lost and it did not come back"
#define SERVER_WHY_NO_ANSWER     "its client did not answer"
#define SERVER_WHY_STOP          "the server stops"
#define SERVER_WHY_SUCCEEDED     "its client has configured a new one"
#define SERVER_WHY_TIME          "the time that the RADIUS server allows is over"
#define SERVER_WHY_YIELDED       "its place was needed for encrypted-only sockets of another client"
#define SERVER_WHY_ADMINISTRATOR "disconnected by the administrator of the server"

#endif
