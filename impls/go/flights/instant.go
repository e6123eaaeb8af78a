package flights

import "time"

// Instant is a time_hour and what is derived of it, in UTC.
type Instant struct {
	Unix    int64 // seconds since 1970
	Weekday int32 // 1 Monday to 7 Sunday
	Hour    int32 // 0 to 23
	Slot    int32 // the place of its month, day and hour in a Station's columns
}

// Slots is the number of places in a Station's columns: room for every month, day and hour, with gaps that cost less than a dense numbering would.
const Slots = 13 << 10

const shape = "0000-00-00T00:00:00Z"

// instant reads a real instant from 1970 to 2261.
func instant(text []byte) (at Instant, ok bool) {
	if len(text) != len(shape) {
		return at, false
	}
	for i, c := range text {
		if digit := shape[i] == '0'; digit && c-'0' > 9 || !digit && c != shape[i] {
			return at, false
		}
	}
	two := func(i int) int { return int(text[i]-'0')*10 + int(text[i+1]-'0') }
	year, month, day := two(0)*100+two(2), two(5), two(8)
	hour, minute, second := two(11), two(14), two(17)
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	// time.Date turns 31 April into 1 May: what comes out as it went in is real.
	if year < 1970 || year > 2261 || hour > 23 || minute > 59 || second > 59 || int(t.Month()) != month || t.Day() != day {
		return at, false
	}
	monday := (int32(t.Weekday()) + 6) % 7
	return Instant{t.Unix(), monday + 1, int32(hour), int32(month<<10 | day<<5 | hour)}, true
}

// memo remembers the instants read last, by their hour: a file in order of time names the same few again and again.
type memo [64]struct {
	text [len(shape)]byte
	at   Instant
}

func (m *memo) instant(text []byte) (Instant, bool) {
	entry := &m[(text[11]&3)<<4|text[12]&15]
	if string(entry.text[:]) == string(text) {
		return entry.at, true
	}
	at, ok := instant(text)
	if ok {
		entry.text, entry.at = [len(shape)]byte(text), at
	}
	return at, ok
}
