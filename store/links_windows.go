package store

import (
	"os"

	"golang.org/x/sys/windows"
)

// linksOf is how many names a file has.
func linksOf(f *os.File) (uint64, error) {
	var info windows.ByHandleFileInformation
	err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &info)
	return uint64(info.NumberOfLinks), err
}
