package flights

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const good = "2013,1,2,517,515,-2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-02T10:00:00Z"

// with is the good row with some fields replaced.
func with(replace map[int]string) string {
	fields := strings.Split(good, ",")
	for i, field := range replace {
		fields[i] = field
	}
	return strings.Join(fields, ",")
}

func withTail(field string) string { return with(map[int]string{tailnum: field}) }

// sized is a lawful record of so many bytes, quoted or not.
func sized(size int, quoted bool) string {
	if quoted {
		return withTail(`"` + strings.Repeat("x", size-len(withTail(`""`))) + `"`)
	}
	return withTail(strings.Repeat("x", size-len(withTail(""))))
}

// scan gives the records of a file by line, as model does.
func scan(t testing.TB, content string, blockSize int) (records []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "flights.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := openIn(path, blockSize)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	var block Block
	var s Scanner
	for {
		more, err := source.Next(&block)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return records
		}
		for s.start(&block); s.at < len(s.data); {
			line := block.line + int64(strings.Count(string(s.data[:s.at]), "\n"))
			records = append(records, fmt.Sprintf("%d %s", line, s.verdict(s.record())))
		}
	}
}

var blockSizes = []int{1, 61, 9000}

// same compares with the model, whatever the size of the blocks.
func same(t *testing.T, content string) (records []string) {
	t.Helper()
	want := model(content)
	for _, size := range blockSizes {
		if got := scan(t, content, size); !slices.Equal(got, want) {
			t.Fatalf("blocks of %d:\n%s\nwant\n%s\nof %.5000q", size, strings.Join(got, "\n"), strings.Join(want, "\n"), content)
		}
	}
	return want
}

// verdicts gives the verdicts alone, with the values of lawful rows left out.
func verdicts(t *testing.T, body string) string {
	t.Helper()
	var short []string
	for _, record := range same(t, header+"\n"+body) {
		line, verdict, _ := strings.Cut(record, " ")
		if strings.HasPrefix(verdict, "[") {
			verdict = "ok"
		}
		short = append(short, line+" "+verdict)
	}
	return strings.Join(short, ", ")
}

func TestFraming(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"nothing", "", ""},
		{"LF", good + "\n" + good + "\n", "2 ok, 3 ok"},
		{"CRLF", good + "\r\n" + good + "\r\n", "2 ok, 3 ok"},
		{"no last LF", good + "\n" + good, "2 ok, 3 ok"},
		{"an empty line", "\n\r\n" + good, "2 few, 3 few, 4 ok"},
		{"a CR at the end of the file", good + "\r", "2 quote"},
		{"two CRs", good + "\r\r\n", "2 quote"},
		{"a CR inside", withTail("N\r1") + "\n" + good, "2 quote, 3 ok"},
		{"quoted", withTail(`"N1"`) + "\n" + good, "2 ok, 3 ok"},
		{"quoted NA is missing", with(map[int]string{airTime: `"NA"`}), "2 dropped"},
		{"all quoted", `"` + strings.ReplaceAll(good, ",", `","`) + `"` + "\r\n" + good, "2 ok, 3 ok"},
		{"separators in quotes", withTail("\"a,\"\"b\"\"\r\nc\rd\n\"") + "\n" + good, "2 ok, 5 ok"},
		{"a CR before the end of the file", `"` + strings.ReplaceAll(good, ",", `","`) + `"` + "\r", "2 quote"},
		{"text after a closing quote", withTail(`"N"1`) + "\n" + good, "2 quote, 3 ok"},
		{"a quote inside", withTail(`N"1`) + "\n" + good, "2 quote, 3 ok"},
		{"an unterminated quote", withTail(`"N`) + "\n" + good + "\n" + good, "2 quote, 3 ok, 4 ok"},
		{"an unterminated quote in the last line", good + "\n" + withTail(`"N`), "2 ok, 3 quote"},
		{"a quote on a later line ends the reading", withTail(`"N`) + "\n" + withTail(`N"`) + "\n" + good, "2 ok, 4 ok"},
		{"a quote that opens on a later line", withTail(`"N`) + "\n" + withTail(`"N"`) + "\n" + good, "2 quote, 3 ok, 4 ok"},
		{"a NUL on the second line of a record", withTail("\"a\n\x00\"") + "\n" + good, "2 nul, 4 ok"},
		{"a NUL on a line after a broken one", withTail(`"a`) + "\n\x00\n" + good, "2 quote, 3 nul, 4 ok"},
		{"nul goes before utf8", withTail("\xff\x00"), "2 nul"},
		{"utf8 goes before quote", withTail("\"\xff"), "2 utf8"},
		{"quote goes before few", "a\"b", "2 quote"},
		{"long goes before all", strings.Repeat("\"\x00\xff", 2000) + "\n" + good, "2 long, 3 ok"},
	} {
		if got := verdicts(t, c.body); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestTheLongestRecord(t *testing.T) {
	for _, ending := range []string{"\n", "\r\n", ""} {
		for size, want := range map[int]string{4095: "ok", 4096: "ok", 4097: "long", 4098: "long", 4099: "long", 300_000: "long"} {
			for _, quoted := range []bool{false, true} {
				body, follows := sized(size, quoted)+ending, ""
				if ending != "" {
					body, follows = body+good, ", 3 ok"
				}
				if got := verdicts(t, body); got != "2 "+want+follows {
					t.Errorf("%d bytes and %q, quoted %v: %s", size, ending, quoted, got)
				}
			}
		}
	}
}

func TestTheLongestRecordOfSeveralLines(t *testing.T) {
	for _, ending := range []string{"\n", "\r\n", ""} {
		for size, ok := range map[int]bool{4095: true, 4096: true, 4097: false, 4098: false, 9000: false} {
			head, tail, _ := strings.Cut(sized(size, true), "xx")
			got := verdicts(t, head+"\n\n"+tail+ending)
			// Broken, its lines are records: the last one's closing quote stands in an unquoted field.
			want := "2 ok"
			if !ok {
				want = "2 quote, 3 few, 4 quote"
			}
			if size == 9000 {
				want = "2 quote, 3 few, 4 long"
			}
			if got != want {
				t.Errorf("%d bytes and %q: %s, want %s", size, ending, got, want)
			}
		}
	}
}

func TestFields(t *testing.T) {
	for column, cases := range map[int]map[string]string{
		year:     {"2013": "ok", "-1": "ok", "007": "ok", "-0": "ok", "999999999": "ok", "-999999999": "ok", "1234567": "ok", "12345678": "ok", "1000000000": "value", "-": "value", "--1": "value", "+1": "value", "1.0": "value", "1e3": "value", "": "value", "NA": "value", " 1": "value", "1-": "value", "0x1": "value", "٣": "value", "123456789012345": "value", "n/a": "value", ":": "value", "/": "value"},
		depTime:  {"NA": "dropped", "": "value", "na": "value", "NAN": "value", "N": "value", "NA ": "value", "-5": "ok", "12345678": "ok"},
		airTime:  {"NA": "dropped", "0": "ok", "-1": "ok"},
		carrier:  {"NA": "value", "": "value", "N": "ok", "NAT": "ok", "Ü": "ok", " ": "ok", "\t": "ok", "\x7f": "ok", "longer than a word": "ok", "seven77": "ok", "eight888": "ok", "\xc0\x80": "utf8", "\xed\xa0\x80": "utf8", "\xf4\x90\x80\x80": "utf8", "\xe2\x82": "utf8", "\x00": "nul"},
		tailnum:  {"NA": "ok", "": "value", "NAA": "ok"},
		dest:     {"NA": "value", "": "value"},
		minute:   {"59": "ok", "99": "ok", "NA": "value"},
		timeHour: {"2016-02-29T00:00:00Z": "ok", "2015-02-29T00:00:00Z": "time", "2100-02-29T00:00:00Z": "time", "2000-02-29T23:59:59Z": "ok", "1970-01-01T00:00:00Z": "ok", "1969-12-31T23:59:59Z": "time", "2261-12-31T23:59:59Z": "ok", "2262-01-01T00:00:00Z": "time", "2013-00-01T00:00:00Z": "time", "2013-13-01T00:00:00Z": "time", "2013-01-00T00:00:00Z": "time", "2013-04-31T00:00:00Z": "time", "2013-01-01T24:00:00Z": "time", "2013-01-01T00:60:00Z": "time", "2013-01-01T00:00:60Z": "time", "2013-01-01 00:00:00Z": "time", "2013-01-01T00:00:00": "time", "2013-01-01T00:00:00z": "time", "2013-01-01T00:00:0:Z": "time", "2013-01-01T00:00:00Z ": "time", "NA": "time", "": "time"},
	} {
		for field, want := range cases {
			row := with(map[int]string{column: field})
			// Before a good row it is taken at one go, if it can be; as the last one by the letter.
			if got, want := verdicts(t, row+"\n"+good+"\n"+good+"\n"+row), fmt.Sprintf("2 %s, 3 ok, 4 ok, 5 %[1]s", want); got != want {
				t.Errorf("column %d, %q: %s, want %s", column, field, got, want)
			}
		}
	}
}

func TestNumberOfFields(t *testing.T) {
	for row, want := range map[string]string{
		good + ",":                                  "many",
		good + ",1":                                 "many",
		"," + good:                                  "many",
		strings.Repeat(",", 17):                     "few",
		strings.Repeat(",", 18):                     "value",
		strings.Repeat(",", 19):                     "many",
		good[:strings.LastIndex(good, ",")]:         "few",
		with(map[int]string{year: "x", 18: "x"}):    "value",
		strings.Replace(good, ",UA,", ",", 1) + ",": "value",
	} {
		if got, want := verdicts(t, row+"\n"+good+"\n"+good+"\n"+row), fmt.Sprintf("2 %s, 3 ok, 4 ok, 5 %[1]s", want); got != want {
			t.Errorf("%q: %s, want %s", row, got, want)
		}
	}
}

// pieces are what a file is thrown together from: what means something, and what is good around it.
var pieces = []string{
	`"`, `"`, `""`, ",", ",", "\r", "\n", "\n", "\r\n", "NA", "-", "7", "x", "\x00", "\xff", "ü", " ", `","`, `",`, `,"`, "\"\n",
	good + "\n", good + "\n", "\n" + good + "\r\n", good[:40], good[40:], strings.Repeat("x", 1000), strings.Repeat("x\n", 500), withTail("\"a,\n\"\"\"") + "\n",
}

// FuzzRecords: whatever follows the header, the records, their lines and their verdicts are the model's.
func FuzzRecords(f *testing.F) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		choices := make([]byte, random.IntN(40))
		for i := range choices {
			choices[i] = byte(random.IntN(len(pieces)))
		}
		f.Add(choices, "")
	}
	for size := 4095; size < 4099; size++ {
		f.Add([]byte{0, 6, 26, 5}, sized(size, true)+"\r\n"+good)
	}
	f.Fuzz(func(t *testing.T, choices []byte, body string) {
		for _, choice := range choices {
			body += pieces[int(choice)%len(pieces)]
		}
		same(t, header+"\n"+body)
	})
}
