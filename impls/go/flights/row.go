package flights

import "bytes"

// Row is a lawful record, of the columns that a step looks at. Its texts last until the next record is read.
type Row struct {
	Year, Month, Day, Flight, Distance int32
	DepDelay, ArrDelay, AirTime        int32  // mean nothing where Missing is set
	Carrier, Tailnum, Origin, Dest     []byte // Tailnum is nil where it is missing
	TimeHour                           []byte
	At                                 Instant
	Missing                            bool // one of the five without which a flight is dropped
	Plain                              bool // no text holds what CSV would have to quote
}

// Late is 1 for an arrival more than 15 minutes late, and 0 for any other.
func (r *Row) Late() int32 {
	if r.ArrDelay > 15 {
		return 1
	}
	return 0
}

// MadeUp is the delay that was made up in the air, in minutes.
func (r *Row) MadeUp() int32 { return r.DepDelay - r.ArrDelay }

// Speed is in miles an hour.
func (r *Row) Speed() float64 { return float64(r.Distance) * 60 / float64(r.AirTime) }

// kept says whether a clean row passes the filter.
func (r *Row) kept() bool { return r.AirTime > 0 && r.Distance >= 500 }

// parse judges the fields of a record whose bytes and quotes are in order.
func (r *Row) parse(f *fields) Reason {
	switch {
	case f.count < columns:
		return Few
	case f.count > columns:
		return Many
	}
	var numbers [columns]int32
	missing := 0
	for column, field := range f.list[:timeHour] {
		ok := len(field) > 0
		switch {
		case string(field) == "NA":
			missing |= 1 << column
			ok = optional>>column&1 == 1
		case texts>>column&1 == 0:
			numbers[column], ok = whole(field)
		}
		if !ok {
			return Value
		}
	}
	r.fill(f, &numbers)
	r.Missing = missing&^(1<<tailnum) != 0
	if missing>>tailnum&1 == 1 {
		r.Tailnum = nil
	}
	var real bool
	if r.At, real = instant(r.TimeHour); !real {
		return Time
	}
	return Lawful
}

func (r *Row) fill(f *fields, numbers *[columns]int32) {
	*r = Row{
		Year: numbers[year], Month: numbers[month], Day: numbers[day],
		Flight: numbers[flight], Distance: numbers[distance],
		DepDelay: numbers[depDelay], ArrDelay: numbers[arrDelay], AirTime: numbers[airTime],
		Carrier: f.list[carrier], Tailnum: f.list[tailnum], Origin: f.list[origin], Dest: f.list[dest],
		TimeHour: f.list[timeHour],
	}
}

// whole reads `-` or nothing, then 1 to 9 digits.
func whole(field []byte) (value int32, ok bool) {
	digits := bytes.TrimPrefix(field, []byte{'-'})
	for _, c := range digits {
		if c-'0' > 9 {
			return 0, false
		}
		value = 10*value + int32(c-'0')
	}
	if len(digits) < len(field) {
		value = -value
	}
	return value, 1 <= len(digits) && len(digits) <= 9
}
