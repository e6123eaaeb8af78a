package flights

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bench/protocol"
)

func write(t testing.TB, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "flights.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// refused says what an error of kind input is about, and fails for any other.
func refused(t *testing.T, err error) string {
	t.Helper()
	var failure *protocol.Failure
	if !errors.As(err, &failure) || failure.Kind != "input" {
		t.Errorf("%v is no error of kind input", err)
		return ""
	}
	return failure.Message
}

func TestBeginnings(t *testing.T) {
	utf16 := func(mark string) string {
		return mark + strings.Join(strings.Split(header+"\n"+good, ""), "\x00") + "\x00"
	}
	for content, want := range map[string]string{
		header:                           "",
		header + "\n":                    "",
		header + "\r\n":                  "",
		bom + header + "\r\n":            "",
		bom + header:                     "",
		"":                               "is empty",
		bom:                              "begins with",
		"\n" + header:                    `begins with ""`,
		header + "\r":                    "begins with",
		header + ",more\n":               "begins with",
		header + " \n":                   "begins with",
		header[:20]:                      "begins with",
		strings.ToUpper(header) + "\n":   `begins with "YEAR`,
		bom + bom + header + "\n":        "begins with",
		`"year"` + header[4:] + "\n":     "begins with",
		"carrier,name\nUA,United\n":      `begins with "carrier,name"`,
		"\x1f\x8b\x08" + header:          "gzip",
		"PK\x03\x04" + header:            "ZIP",
		"PAR1" + header:                  "Parquet",
		utf16("\xff\xfe"):                "UTF-16",
		utf16("\xfe\xff\x00"):            "UTF-16",
		utf16(""):                        "UTF-16",
		strings.Repeat("\x00", 1000):     "is not text",
		strings.Repeat("no line ", 1000): "begins with",
	} {
		source, err := Open(write(t, content))
		if want == "" && err != nil {
			t.Errorf("%.200q: %v", content, err)
		}
		if err == nil {
			source.Close()
		}
		if want != "" && !strings.Contains(refused(t, err), want) {
			t.Errorf("%.200q: %v, want %q", content, err, want)
		}
	}
}

func TestAFileThatCannotBeRead(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "flights.csv")); !strings.Contains(refused(t, err), "no such file") {
		t.Error(err)
	}
	if _, err := Open(t.TempDir()); !strings.Contains(refused(t, err), "is a directory") {
		t.Error(err)
	}
}

func TestAFileThatChanges(t *testing.T) {
	content := header + "\n" + strings.Repeat(good+"\n", 1000)
	for name, size := range map[string]int64{"shrinks": 9000, "grows": int64(len(content)) + 1, "shrinks to nothing": 0} {
		path := write(t, content)
		source, err := openIn(path, 1000)
		if err != nil {
			t.Fatal(err)
		}
		var block Block
		more, err := source.Next(&block)
		if !more || err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		for more && err == nil {
			more, err = source.Next(&block)
		}
		if !strings.Contains(refused(t, err), "changed while it was read") {
			t.Errorf("%s: %v", name, err)
		}
		source.Close()
	}
}

func TestAnOverlongLineNeedsNoMemory(t *testing.T) {
	source, err := openIn(write(t, header+"\n"+strings.Repeat("x", 10<<20)+"\n"+good), 1<<10)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	var block Block
	if more, err := source.Next(&block); !more || err != nil || block.line != 2 || cap(block.data) > 8<<10 {
		t.Errorf("a block from line %d with room for %d bytes, %v", block.line, cap(block.data), err)
	}
}
