package protocol

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Answer is the whole result of a step, in the spec's order of columns: keys first, then values. A step
// that wrote its result into the request's outputs gives Rows and Tally alone.
type Answer struct {
	Rows   int
	Keys   []Key
	Values []Value
	Tally  map[string]int64 // where not nil, the check's sums in place of the values'
	Units  int64            // of work that this pass went over, where it is not what Load said
	Phases map[string]int64 // parts of the timed section, in nanoseconds; may be nil

	// Queries has the nanoseconds of each query in order, of a step whose spec asks for them; may be nil.
	Queries []int64
}

// Key is a column that says which group a row is of.
type Key struct {
	Name string
	Field
}

// Value is a column that was computed.
type Value struct {
	Name string
	Number
}

// Field is a column in the variant's own memory format. AppendCSV appends nothing where it is missing.
type Field interface {
	AppendCSV(dst []byte, row int) []byte
}

// Number is a column that can be checked: Sum leaves missing values out.
type Number interface {
	Field
	Sum() float64
}

type check struct {
	Rows int                `json:"rows"`
	Sums map[string]float64 `json:"sums"`
}

func (a *Answer) check() *check {
	c := &check{a.Rows, make(map[string]float64, len(a.Values)+len(a.Tally))}
	if a.Tally != nil {
		for name, count := range a.Tally {
			c.Sums[name] = float64(count)
		}
		return c
	}
	for _, v := range a.Values {
		c.Sums[v.Name] = v.Sum()
	}
	return c
}

// writeFile writes <folder>/<step>.csv and returns its path and digest.
func (a *Answer) writeFile(folder, step string) (path, digest string, err error) {
	path = filepath.Join(folder, step+".csv")
	file, err := os.Create(path)
	if err != nil {
		return "", "", err
	}
	hash := sha256.New()
	if err = a.writeCSV(io.MultiWriter(file, hash)); err != nil {
		file.Close()
		return "", "", err
	}
	return path, hex.EncodeToString(hash.Sum(nil)), file.Close()
}

func (a *Answer) writeCSV(out io.Writer) error {
	names := make([]string, 0, len(a.Keys)+len(a.Values))
	fields := make([]Field, 0, cap(names))
	for _, k := range a.Keys {
		names, fields = append(names, k.Name), append(fields, k.Field)
	}
	for _, v := range a.Values {
		names, fields = append(names, v.Name), append(fields, v.Number)
	}
	buf := bufio.NewWriterSize(out, 1<<16)
	line := append([]byte(strings.Join(names, ",")), '\n')
	for row := range a.Rows {
		if _, err := buf.Write(line); err != nil {
			return err
		}
		line = appendRow(line[:0], fields, row)
	}
	if _, err := buf.Write(line); err != nil {
		return err
	}
	return buf.Flush()
}

func appendRow(line []byte, fields []Field, row int) []byte {
	for _, f := range fields {
		line = append(f.AppendCSV(line, row), ',')
	}
	line[len(line)-1] = '\n'
	return line
}

// AppendFloat appends the shortest digits that read back as v, and nothing for NaN, which means missing.
func AppendFloat(dst []byte, v float64) []byte {
	if math.IsNaN(v) {
		return dst
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}

// AppendText appends s as RFC 4180 has it, quoted where it must be.
func AppendText(dst []byte, s string) []byte {
	if !strings.ContainsAny(s, "\",\r\n") {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	dst = append(dst, strings.ReplaceAll(s, `"`, `""`)...)
	return append(dst, '"')
}
