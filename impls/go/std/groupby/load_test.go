package groupby

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/iotest"
)

func readTable(t testing.TB, lines ...string) (*table, error) {
	t.Helper()
	content := header + strings.Join(lines, "\n")
	return read(newLineReader(strings.NewReader(content)), int64(len(content)))
}

func TestReadKeepsValuesAndMissing(t *testing.T) {
	got, err := readTable(t, "a,b,c,1,-2,3,4,5,6.25", ",,,,,,,,", "a,x,,2147483647,-2147483647,0,,7,-1e-3")
	if err != nil {
		t.Fatal(err)
	}
	if got.rows != 3 || len(got.id1.words) != 2 || got.id1.codes[2] != got.id1.codes[0] || got.id1.codes[1] != 0 {
		t.Errorf("id1: %+v in %d rows", got.id1, got.rows)
	}
	if got.id4[2] != math.MaxInt32 || got.id5[2] != -math.MaxInt32 || got.id4[1] != missingInt {
		t.Errorf("id4 %v, id5 %v", got.id4, got.id5)
	}
	if got.v3[0] != 6.25 || !math.IsNaN(got.v3[1]) || got.v3[2] != -1e-3 {
		t.Errorf("v3 %v", got.v3)
	}
}

func TestReadInSmallPieces(t *testing.T) {
	content := header + "a,b,c,1,2,3,4,5,6\na,b,c,1,2,3,4,5,6"
	got, err := read(newLineReader(iotest.OneByteReader(strings.NewReader(content))), 0)
	if err != nil || got.rows != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReadRefuses(t *testing.T) {
	for line, message := range map[string]string{
		"a,b,c,1,2,3,4,5":                "not a whole number",
		"a,b":                            "fewer than 9 fields",
		"a":                              "fewer than 9 fields",
		"":                               "fewer than 9 fields",
		"a,b,c,1,2,3,4,5,6,7":            "not a number",
		"a,b,c,1x,2,3,4,5,6":             "not a whole number",
		"a,b,c,-,2,3,4,5,6":              "not a whole number",
		"a,b,c,2147483648,2,3,4,5,6":     "does not fit",
		"a,b,c,-2147483648,2,3,4,5,6":    "does not fit",
		"a,b,c,99999999999999,2,3,4,5,6": "not a whole number",
		"a,b,c,1,2,3,4,5,NaN":            "not a number",
		"a,b,c,1,2,3,4,5,6\r":            "not a number",
	} {
		_, err := readTable(t, "a,b,c,1,2,3,4,5,6", line, "a,b,c,1,2,3,4,5,6")
		if err == nil || !strings.Contains(err.Error(), message) || !strings.Contains(err.Error(), "line 3") {
			t.Errorf("%q: %v, want line 3 and %q", line, err, message)
		}
	}
}

func TestReadRefusesAnotherHeader(t *testing.T) {
	if _, err := read(newLineReader(strings.NewReader("a,b\n1,2\n")), 8); err == nil {
		t.Error("taken")
	}
}

// A real must be what strconv makes of it, whichever way it took.
func TestReal(t *testing.T) {
	for _, text := range []string{
		"0", "-0.5", "99.999999", "0.1", "123456789012345", "1234567.89012345", "12345678901234567890.5",
		"0.30000000000000004", "1e22", "5e-324", "3.", ".5", "+7",
	} {
		var want float64
		if _, err := fmt.Sscan(text, &want); err != nil {
			t.Fatal(err)
		}
		f := fields{rest: []byte(text + "\n")}
		if got := f.real('\n'); got != want || f.err != nil || len(f.rest) != 0 {
			t.Errorf("%s: %v, %v, rest %q", text, got, f.err, f.rest)
		}
	}
}

func TestLinesOfAnyLengthAndReadsOfAnySize(t *testing.T) {
	content := "short\n" + strings.Repeat("x", 3*blockSize) + "\n\nlast without an end"
	for _, from := range []func() *lineReader{
		func() *lineReader { return newLineReader(strings.NewReader(content)) },
		func() *lineReader { return newLineReader(iotest.DataErrReader(strings.NewReader(content))) },
		func() *lineReader { return newLineReader(iotest.HalfReader(strings.NewReader(content))) },
	} {
		var got strings.Builder
		r := from()
		for {
			block, err := r.next()
			if err != nil {
				t.Fatal(err)
			}
			if len(block) == 0 {
				break
			}
			if block[len(block)-1] != '\n' {
				t.Fatal("a block that does not end with a line")
			}
			got.Write(block)
		}
		if got.String() != content+"\n" {
			t.Errorf("%d bytes, want %d", got.Len(), len(content)+1)
		}
	}
}

// Words of every length, so short ones at a block's end and long ones too, through several growths.
func TestDictionary(t *testing.T) {
	d := newDictionary()
	for round := range 2 {
		for i := range 5000 {
			word := fmt.Sprintf("%0*d", i%40, i)
			for _, after := range []string{",", ",and much more"} {
				f := fields{rest: []byte(word + after)}
				var code [1]uint32
				d.encode(code[:], []shortWord{f.word(d)})
				if f.err != nil || string(f.rest) != after[1:] || d.words[code[0]] != word {
					t.Fatalf("round %d: %q has code %d, %v, rest %q", round, word, code[0], f.err, f.rest)
				}
			}
		}
	}
}

func BenchmarkRead(b *testing.B) {
	content := sampleCSV(200_000, 100)
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if _, err := read(newLineReader(strings.NewReader(content)), int64(len(content))); err != nil {
			b.Fatal(err)
		}
	}
}
