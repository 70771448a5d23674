// SPDX-License-Identifier: GPL-3.0-or-later

// program - as program.c: Go makes its system calls itself.
//
//	program net|raw udp|tcp ADDR PORT MARKER COUNT [LEVEL]
//
// "net" is by package net, with the level set from Dialer.Control; "raw" by package syscall.
package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
)

const option = 0x7453 // SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION

func setLevel(fd, level int) error {
	if level < 0 {
		return nil
	}
	return syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, option, level)
}

func levelOf(fd int) int {
	level, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, option)
	if err != nil {
		return -int(err.(syscall.Errno))
	}
	return level
}

func report(level, back int, err error) {
	text := "none"
	if err != nil {
		text = err.Error()
	}
	fmt.Printf("level=%d back=%d error=%s\n", level, back, text)
}

type link interface {
	Read([]byte) (int, error)
	Write([]byte) (int, error)
}

func packets(l link, marker string, count int) (back int, err error) {
	buffer := make([]byte, 2000)
	for i := 0; i < count; i++ {
		if _, err = l.Write([]byte(fmt.Sprintf("%s %d ", marker, i))); err != nil {
			continue
		}
		if _, err = l.Read(buffer); err == nil {
			back++
		}
	}
	return back, err
}

func byNet(network, address, marker string, count, level int) {
	told := -1
	dialer := net.Dialer{Timeout: 3 * time.Second}
	dialer.Control = func(_, _ string, c syscall.RawConn) (err error) {
		c.Control(func(fd uintptr) {
			err = setLevel(int(fd), level)
			told = levelOf(int(fd))
		})
		return err
	}
	connection, err := dialer.Dial(network, address)
	if err != nil {
		report(told, 0, err)
		return
	}
	connection.SetDeadline(time.Now().Add(3 * time.Second))
	back, err := packets(connection, marker, count)
	if raw, e := connection.(syscall.Conn).SyscallConn(); e == nil {
		raw.Control(func(fd uintptr) { told = levelOf(int(fd)) })
	}
	report(told, back, err)
}

type descriptor int

func (d descriptor) Read(b []byte) (int, error)  { return syscall.Read(int(d), b) }
func (d descriptor) Write(b []byte) (int, error) { return syscall.Write(int(d), b) }

func raw(network string, ip net.IP, port int, marker string, count, level int) {
	kind, family := syscall.SOCK_DGRAM, syscall.AF_INET
	if network == "tcp" {
		kind = syscall.SOCK_STREAM
	}
	var to syscall.Sockaddr
	if four := ip.To4(); four != nil {
		address := syscall.SockaddrInet4{Port: port}
		copy(address.Addr[:], four)
		to = &address
	} else {
		address := syscall.SockaddrInet6{Port: port}
		copy(address.Addr[:], ip)
		to, family = &address, syscall.AF_INET6
	}
	fd, err := syscall.Socket(family, kind, 0)
	if err == nil {
		syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 3})
		err = setLevel(fd, level)
	}
	if err == nil {
		err = syscall.Connect(fd, to)
	}
	back := 0
	if err == nil {
		back, err = packets(descriptor(fd), marker, count)
	}
	report(levelOf(fd), back, err)
}

func main() {
	if len(os.Args) < 7 {
		os.Exit(2)
	}
	port, _ := strconv.Atoi(os.Args[4])
	count, _ := strconv.Atoi(os.Args[6])
	level := -1
	if len(os.Args) > 7 {
		level, _ = strconv.Atoi(os.Args[7])
	}
	if os.Args[1] == "net" {
		byNet(os.Args[2], net.JoinHostPort(os.Args[3], os.Args[4]), os.Args[5], count, level)
	} else {
		raw(os.Args[2], net.ParseIP(os.Args[3]), port, os.Args[5], count, level)
	}
}
