package serving

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

const good = `{"month":1,"weekday":7,"minute_of_day":0,"distance":0.5,"carrier":"UA","origin":"\u0045WR","dest":"BOS"}`

func read(body string) (Flight, error) {
	var f Flight
	err := Read([]byte(body), &f)
	if err == nil {
		_, err = f.numbers()
	}
	if err == nil {
		_, err = f.weather()
	}
	return f, err
}

func TestAGoodBodyIsRead(t *testing.T) {
	f, err := read(good)
	if err != nil || *f.Origin != "EWR" || *f.Distance != 0.5 || f.Temp != nil {
		t.Fatalf("%+v: %v", f, err)
	}
}

func TestAWrongMemberIsNamed(t *testing.T) {
	for _, c := range [][2]string{
		{"month", "0"}, {"month", "13"}, {"month", "5.0"}, {"month", "true"}, {"month", `"5"`}, {"month", "null"}, {"weekday", "8"},
		{"minute_of_day", "1440"}, {"distance", "0"}, {"distance", "10001"}, {"carrier", "5"}, {"temp", "1000.5"}, {"visib", "-1001"},
		{"entity", "5"}, {"colour", "1"}, {"MONTH", "1"},
	} {
		body := strings.TrimSuffix(strings.Replace(good, fmt.Sprintf("%q:", c[0]), `"spoilt":`, 1), "}")
		if strings.Contains(good, fmt.Sprintf("%q:", c[0])) {
			body = strings.TrimSuffix(without(c[0]), "}")
		}
		if _, err := read(fmt.Sprintf("%s,%q:%s}", body, c[0], c[1])); err == nil || !strings.Contains(err.Error(), c[0]) {
			t.Errorf("%s %s: %v", c[0], c[1], err)
		}
	}
}

// without leaves a member of the good body out.
func without(name string) string {
	members := strings.Split(strings.Trim(good, "{}"), ",")
	kept := members[:0]
	for _, member := range members {
		if !strings.HasPrefix(member, fmt.Sprintf("%q:", name)) {
			kept = append(kept, member)
		}
	}
	return "{" + strings.Join(kept, ",") + "}"
}

func TestWhatIsNoObjectIsRefused(t *testing.T) {
	for _, body := range []string{"", "null", "1", "[]", good[:len(good)-1], good + good, `{"month":1,` + good[1:], `{"month":1e999}`} {
		if _, err := read(body); err == nil {
			t.Errorf("%q was read", body)
		}
	}
}

func TestAPlaceInABatchIsWrittenAsInPrograms(t *testing.T) {
	var b Batch
	err := Read([]byte(`{"rows":[`+good+`,{"month":"x"}]}`), &b)
	if err == nil || !strings.HasPrefix(err.Error(), "rows[1].month: ") {
		t.Fatal(err)
	}
}

func TestNoUpdateIsLostBetweenGoroutines(t *testing.T) {
	r := &record{recent: make([]float64, 0, recent)}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 10_000 {
				r.note(0.5)
			}
		})
	}
	all.Wait()
	if e := r.entity("E1"); e.Seen != 40_000 || len(e.Recent) != recent || *e.Last != 0.5 {
		t.Fatalf("%+v", e)
	}
}

// FuzzRead: whatever comes, it is read or refused, and what is read is in its ranges.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{good, "{}", "[]", `{"month":`, `{"rows":[]}`, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		flight, err := read(string(body))
		if err == nil && (*flight.Month < 1 || *flight.Month > 12 || *flight.Distance <= 0) {
			t.Errorf("%q was read as %+v", body, flight)
		}
	})
}
