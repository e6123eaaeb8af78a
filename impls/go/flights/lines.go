package flights

import (
	"os"
	"path/filepath"

	"bench/protocol"
)

// Lines gathers text for a file that several goroutines write, each through Lines of its own.
type Lines struct {
	Text []byte // whole lines, appended to as one likes
	file *os.File
}

// NewLines makes lines for a file that is written to by no other means.
func NewLines(file *os.File) *Lines { return &Lines{file: file} }

// Flush writes what text there is. It leaves it to os.File that two writes at once do not mingle.
func (l *Lines) Flush() error {
	if len(l.Text) == 0 {
		return nil
	}
	_, err := l.file.Write(l.Text)
	l.Text = l.Text[:0]
	return err
}

// Create makes a file of the request's outputs that begins with the header, has the rest written and closes it.
func Create(req *protocol.Request, name, header string, write func(*os.File) error) (err error) {
	if req.Outputs == "" {
		return protocol.BadInput("the request names no outputs; this step writes %s there", name)
	}
	file, err := os.Create(filepath.Join(req.Outputs, name))
	if err != nil {
		return err
	}
	defer func() {
		if closing := file.Close(); err == nil {
			err = closing
		}
	}()
	if _, err = file.WriteString(header); err != nil {
		return err
	}
	return write(file)
}
