/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refuse.h - a kernel that lacks something: some system calls of this process fail, as they would there.
 */
#ifndef TSCF_TESTS_REFUSE_H
#define TSCF_TESTS_REFUSE_H

/** From now on ioctl(TUNSETOFFLOAD) fails with EINVAL if any of @p offloads is asked for. */
void tscf_refuse_tun_offloads(unsigned offloads);

/** From now on setsockopt(SOL_UDP, @p option) fails with ENOPROTOOPT. */
void tscf_refuse_udp_option(int option);

#endif
