package main

import (
	"net"
	"syscall"
	"unsafe"
)

// linux/ethtool.h: what a program asks of an interface, by SIOCETHTOOL.
const siocEthtool = 0x8946

var offloads = []uint32{
	0x17, // ETHTOOL_STXCSUM
	0x1f, // ETHTOOL_STSO
	0x24, // ETHTOOL_SGSO
	0x2c, // ETHTOOL_SGRO
}

// Frames leave the interface as they are on a wire: with their checksums, none larger than the MTU.
func withoutOffloads(name string) error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	for _, command := range offloads {
		value := struct{ command, data uint32 }{command, 0}
		var request struct {
			name [syscall.IFNAMSIZ]byte
			data unsafe.Pointer
			rest [16]byte
		}
		copy(request.name[:syscall.IFNAMSIZ-1], name)
		request.data = unsafe.Pointer(&value)
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), siocEthtool, uintptr(unsafe.Pointer(&request)))
		if errno != 0 && errno != syscall.EOPNOTSUPP {
			return &net.OpError{Op: "ethtool", Net: name, Err: errno}
		}
	}
	return nil
}
