package groupby

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"bench/protocol"
)

// sampleCSV is a small table of the spec's kind, one field in 25 of it missing.
func sampleCSV(rows, k int) string {
	random := rand.New(rand.NewPCG(1, 2))
	text := []byte(header)
	field := func(format string, value any, end byte) {
		if random.IntN(25) > 0 {
			text = fmt.Appendf(text, format, value)
		}
		text = append(text, end)
	}
	for range rows {
		field("id%03d", 1+random.IntN(k), ',')
		field("id%03d", 1+random.IntN(k), ',')
		field("id%010d", 1+random.IntN(rows/k), ',')
		for _, most := range []int{k, k, rows / k, 5, 15} {
			field("%d", 1+random.IntN(most), ',')
		}
		field("%v", math.Round(random.Float64()*1e8)/1e6, '\n')
	}
	return string(text)
}

func sampleTable(t testing.TB, rows, k int) *table {
	t.Helper()
	content := sampleCSV(rows, k)
	got, err := read(newLineReader(strings.NewReader(content)), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// lines are an answer's rows as CSV, sorted.
func lines(a *protocol.Answer) []string {
	rows := make([]string, a.Rows)
	for row := range rows {
		var line []byte
		for _, k := range a.Keys {
			line = append(k.AppendCSV(line, row), ',')
		}
		for _, v := range a.Values {
			line = append(v.AppendCSV(line, row), ',')
		}
		rows[row] = string(line)
	}
	slices.Sort(rows)
	return rows
}

// Worked by hand: a missing key, a group of one row, groups without values, a constant v1.
func TestAnswers(t *testing.T) {
	table, err := readTable(t,
		"a,x,p,1,1,10,1,3,1",
		"a,x,p,1,1,10,2,2,3",
		"a,x,,1,1,10,3,1,2",
		",y,,1,2,11,,4,",
		",y,q,2,,11,5,,",
		"b,y,q,2,,,5,6,7",
		"b,y,q,2,,,5,7,7",
	)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"q1":  {",5,", "a,6,", "b,10,"},
		"q2":  {",y,5,", "a,x,6,", "b,y,10,"},
		"q3":  {",3,2,", "p,3,2,", "q,15,7,"},
		"q4":  {"1,2,2.5,2,", "2,5,6.5,7,"},
		"q5":  {",10,13,14,", "10,6,6,6,", "11,5,4,0,"},
		"q6":  {"1,1,2,1,", "1,2,,,", "2,,7,0,"},
		"q7":  {",2,", "p,0,", "q,-1,"},
		"q8":  {",7,", ",7,", "10,2,", "10,3,"},
		"q9":  {"x,1,1,", "y,1,,", "y,2,,"},
		"q10": {",y,,1,2,11,0,1,", ",y,q,2,,11,0,1,", "a,x,,1,1,10,2,1,", "a,x,p,1,1,10,4,2,", "b,y,q,2,,,14,2,"},
	} {
		if got := lines(questions[name](table)); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, want)
		}
	}
}

func TestNoRows(t *testing.T) {
	table, err := readTable(t)
	if err != nil {
		t.Fatal(err)
	}
	for name, question := range questions {
		if got := question(table).Rows; got != 0 {
			t.Errorf("%s: %d rows", name, got)
		}
	}
}

// However the rows are numbered and dealt out, the answer of question 10 is the same.
func TestSixKeysEveryWay(t *testing.T) {
	table := sampleTable(t, 3*partRows, 2)
	for row := range table.rows / 2 { // so that most groups have several rows, far apart
		table.copyRow(table.rows-1-row, row%100)
	}
	plain := table.sumAndCountBySixKeys()
	want := lines(plain)
	keys := []key{&table.id1, &table.id2, &table.id3, table.id4.keyed(), table.id5.keyed(), table.id6.keyed()}
	if got := lines(table.sumAndCountByNumber(keys)); !slices.Equal(got, want) {
		t.Error("numbered rows give another answer")
	}
	l, ok := newLayout(keys, table.rows)
	if !ok || l.partBits == 0 {
		t.Fatalf("a layout was expected to do, with several parts: %+v", l)
	}
	l.places[0] = place{further: true} // as if id1 had not found room in the word
	if got := lines(table.deal(l).group().answer(l)); !slices.Equal(got, want) {
		t.Error("keys beyond the word give another answer")
	}
}

func (t *table) copyRow(to, from int) {
	for _, c := range []*text{&t.id1, &t.id2, &t.id3} {
		c.codes[to] = c.codes[from]
	}
	for _, c := range []ints{t.id4, t.id5, t.id6} {
		c[to] = c[from]
	}
}

func TestNumberedGroupsAnswerTheSame(t *testing.T) {
	table := sampleTable(t, 5000, 10)
	dense := table.group([]string{"id2", "id4"}, &table.id2, table.id4.keyed())
	hashed := *dense
	hashed.ids, hashed.first = number(dense.keys, table.rows)
	hashed.slots = len(hashed.first)
	if !slices.Equal(lines(table.sumV1(dense)), lines(table.sumV1(&hashed))) {
		t.Error("the two ways differ")
	}
}

func TestLayoutRefusesWhatItCannotPack(t *testing.T) {
	wide := &wholeKey{bits: 32}
	if _, ok := newLayout([]key{wide, wide, wide}, 100); ok {
		t.Error("96 bits were packed")
	}
	if _, ok := newLayout([]key{wide, wide}, 100); !ok {
		t.Error("64 bits were not")
	}
}

func BenchmarkQuestions(b *testing.B) {
	table := sampleTable(b, 200_000, 100)
	for i := range len(questions) {
		name := fmt.Sprintf("q%d", i+1)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				questions[name](table)
			}
		})
	}
}
