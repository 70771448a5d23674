// SPDX-License-Identifier: GPL-3.0-or-later

// asks - as asks.c, with one socket of package net, which is connected to ADDR:PORT and gets its port by that.  Go makes
// its system calls itself.
//
//	asks ADDR:PORT
package main

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"
)

const (
	optionRedundancy = 0x7456 // SO_TSC_REDUNDANCY
	optionTransport  = 0x7457 // SO_TSC_TUNNEL_TRANSPORT
)

type redundancy struct{ factor, method int32 }

func getRedundancy(fd int) int {
	var has redundancy
	length := uint32(unsafe.Sizeof(has))
	_, _, errno := syscall.RawSyscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), syscall.SOL_SOCKET, optionRedundancy,
		uintptr(unsafe.Pointer(&has)), uintptr(unsafe.Pointer(&length)), 0)
	if errno != 0 {
		return -int(errno)
	}
	return int(has.factor)
}

func ask(fd int) error {
	wanted := redundancy{255, 0}
	bytes := (*[unsafe.Sizeof(wanted)]byte)(unsafe.Pointer(&wanted))[:]
	if err := syscall.SetsockoptString(fd, syscall.SOL_SOCKET, optionRedundancy, string(bytes)); err != nil {
		return err
	}
	return syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, optionTransport, 1)
}

func main() {
	if len(os.Args) != 2 {
		os.Exit(2)
	}
	dialer := net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
		if e := c.Control(func(fd uintptr) { err = ask(int(fd)) }); e != nil {
			return e
		}
		return err
	}}
	socket, err := dialer.Dial("udp4", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	raw, err := socket.(*net.UDPConn).SyscallConn()
	if err != nil {
		os.Exit(1)
	}
	for before := ""; ; time.Sleep(10 * time.Millisecond) {
		var now string
		raw.Control(func(fd uintptr) {
			datagram, _ := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, optionTransport)
			now = fmt.Sprintf("redundancy=%d datagram=%d", getRedundancy(int(fd)), datagram)
		})
		if now != before {
			fmt.Println(now)
		}
		before = now
	}
}
