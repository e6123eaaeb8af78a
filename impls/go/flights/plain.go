package flights

// plainReach is more than a plain record can take up, however it goes wrong: a word is read at the beginning of
// each field, and each moves on by nine bytes at most, time_hour and the ending by 22.
const plainReach = 9*timeHour + 22 + 8

// plain reads the record at the front of data at one go, and returns its size: 0 where it is not plain or not lawful.
// Plain has no quotes, nothing but printable ASCII, and up to seven characters in each number and text.
//
// A field is found, judged and converted as one word, without a branch: how long fields are cannot be foreseen, and a
// processor's wrong guess costs more than the field. Not taken: bytes.IndexByte, made for longer ways than to the next
// comma.
func (s *Scanner) plain(data []byte) (size int) {
	r, c := &s.Row, cursor{}
	r.Year, c = number(data, c)
	r.Month, c = number(data, c)
	r.Day, c = number(data, c)
	_, c = orMissing(data, c) // dep_time
	_, c = number(data, c)    // sched_dep_time
	r.DepDelay, c = orMissing(data, c)
	_, c = orMissing(data, c) // arr_time
	_, c = number(data, c)    // sched_arr_time
	r.ArrDelay, c = orMissing(data, c)
	r.Carrier, c = text(data, c)
	r.Flight, c = number(data, c)
	r.Tailnum, c = orNoText(data, c)
	r.Origin, c = text(data, c)
	r.Dest, c = text(data, c)
	r.AirTime, c = orMissing(data, c)
	r.Distance, c = number(data, c)
	_, c = number(data, c) // hour
	_, c = number(data, c) // minute
	if c.flaws != 0 {
		return 0
	}
	r.TimeHour = data[c.at : c.at+len(shape)]
	var ok bool
	if r.At, ok = s.memo.instant(r.TimeHour); !ok {
		return 0
	}
	r.Missing, r.Plain = c.missing, true
	return ended(data, c.at+len(shape))
}

// ended is the place after the line's ending, if that is what lies at `at`.
func ended(data []byte, at int) int {
	switch {
	case data[at] == '\n':
		return at + 1
	case data[at] == '\r' && data[at+1] == '\n':
		return at + 2
	}
	return 0
}
