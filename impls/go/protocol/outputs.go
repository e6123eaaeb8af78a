package protocol

import (
	"os"
	"path/filepath"
)

// working is the name of the working folder inside the request's outputs.
const working = ".part"

// outputs keeps the files that a step writes: a pass works in the working folder, and only what a whole
// pass left there moves up. So a step writes plainly, and whoever reads the folder never sees half a file
// or an earlier pass's. All of it happens outside the clock. The zero value keeps nothing.
type outputs struct {
	folder  string
	written int // files of the last pass
}

// openOutputs points the request at the working folder, which is all that a workload gets to know.
func openOutputs(req *Request) (*outputs, error) {
	o := &outputs{folder: req.Outputs}
	if o.folder == "" {
		return o, nil
	}
	if info, err := os.Stat(o.folder); err != nil || !info.IsDir() {
		return nil, BadInput("the request's outputs is not a folder: %s; make it first", o.folder)
	}
	req.Outputs = filepath.Join(o.folder, working)
	return o, nil
}

// ofPass runs one pass over an empty working folder and keeps its files where the pass succeeds. A panic
// passes through, and leaves nothing behind either.
func (o *outputs) ofPass(step string, pass func() error) (err error) {
	if o.folder == "" {
		return pass()
	}
	if err := o.prepare(step); err != nil {
		return err
	}
	defer func() {
		if failed := os.RemoveAll(filepath.Join(o.folder, working)); err == nil {
			err = failed
		}
	}()
	if err := pass(); err != nil {
		return err
	}
	return o.publish()
}

// prepare also removes the pass before: its dirty pages are not written back on this pass's time.
func (o *outputs) prepare(step string) error {
	old, err := filepath.Glob(filepath.Join(o.folder, step+".*"))
	if err != nil {
		return err
	}
	for _, path := range append(old, filepath.Join(o.folder, working)) {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	if err := os.Mkdir(filepath.Join(o.folder, working), 0o777); err != nil {
		return err
	}
	// Past the umask: who removes what a killed job leaves may be another user.
	return os.Chmod(filepath.Join(o.folder, working), 0o777)
}

func (o *outputs) publish() error {
	files, err := os.ReadDir(filepath.Join(o.folder, working))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := os.Rename(filepath.Join(o.folder, working, file.Name()), filepath.Join(o.folder, file.Name())); err != nil {
			return err
		}
	}
	o.written = len(files)
	return nil
}
