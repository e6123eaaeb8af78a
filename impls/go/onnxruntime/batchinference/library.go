//go:build cgo

package batchinference

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	ort "github.com/yalue/onnxruntime_go"
)

// where the library lies in the image; on a machine without one the environment says where.
const (
	installed   = "/usr/local/lib/libonnxruntime.so"
	environment = "BENCH_ONNXRUNTIME"
)

// StartLibrary loads ONNX Runtime and says which it is: the versions of the library and its Go binding, and the very file.
func StartLibrary() (map[string]string, error) {
	path := cmp.Or(os.Getenv(environment), installed)
	digest, err := digestOf(path)
	if err != nil {
		return nil, fmt.Errorf("%w; %s names another file", err, environment)
	}
	// Official builds for Linux tell their maker of themselves, by a thread and a database of their own, unless this is set before.
	if err := os.Setenv("ORT_DISABLE_TELEMETRY", "1"); err != nil {
		return nil, err
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(); err != nil {
		return nil, err
	}
	return map[string]string{
		"onnxruntime": ort.GetVersion(), "onnxruntime_go": bindingVersion(), "libonnxruntime.so": "sha256:" + digest,
	}, nil
}

func digestOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", hash.Sum(nil)), nil
}

// bindingVersion is what the linker was given. A test binary knows no modules.
func bindingVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/yalue/onnxruntime_go" {
				return module.Version
			}
		}
	}
	return "unknown"
}
