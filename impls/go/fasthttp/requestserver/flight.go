package requestserver

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"bench/serving"
)

var parsers fastjson.ParserPool

// flight has room for what its pointers lead to, so that filling one allocates nothing but text.
type flight struct {
	serving.Flight
	whole  [3]int
	number [4]float64
	text   [4]string
}

const (
	whole = iota
	real
	text
)

// member is a name of the body: what it holds, which of its kind it is, and whether null stands for absent.
type member struct {
	kind, index int
	optional    bool
}

var members = map[string]member{
	"month": {whole, 0, false}, "weekday": {whole, 1, false}, "minute_of_day": {whole, 2, false}, "distance": {real, 0, false},
	"carrier": {text, 0, false}, "origin": {text, 1, false}, "dest": {text, 2, false},
	"temp": {real, 1, true}, "wind_speed": {real, 2, true}, "visib": {real, 3, true}, "entity": {text, 3, true},
}

// object parses a body. The parser takes numbers and text that are no JSON, which is found out first.
func object(parser *fastjson.Parser, body []byte) (*fastjson.Object, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("the body is no UTF-8")
	}
	if err := fastjson.ValidateBytes(body); err != nil {
		return nil, err
	}
	value, err := parser.ParseBytes(body)
	if err != nil {
		return nil, err
	}
	return value.Object()
}

// batch finds the rows of a body.
func batch(parser *fastjson.Parser, body []byte) (*serving.Batch, error) {
	root, err := object(parser, body)
	if err != nil {
		return nil, err
	}
	rows := root.Get("rows")
	if rows == nil || root.Len() != 1 {
		return nil, errors.New("rows: it alone is wanted, and once")
	}
	values, err := rows.Array()
	if err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	if len(values) > serving.MaxRows {
		return nil, fmt.Errorf("rows: %d is not in 1 to %d", len(values), serving.MaxRows)
	}
	found, room := make([]serving.Flight, len(values)), make([]flight, len(values))
	for i, value := range values {
		row, err := value.Object()
		if err == nil {
			err = room[i].fill(row)
		}
		if err != nil {
			return nil, fmt.Errorf("rows[%d].%w", i, err)
		}
		found[i] = room[i].Flight
	}
	return &serving.Batch{Rows: found}, nil
}

// fill takes the members of an object; what is missing is found out by the service.
func (f *flight) fill(root *fastjson.Object) (err error) {
	root.Visit(func(key []byte, value *fastjson.Value) {
		if err == nil {
			err = f.take(key, value)
		}
	})
	return err
}

func (f *flight) take(key []byte, value *fastjson.Value) (err error) {
	m, ok := members[string(key)]
	if !ok {
		return fmt.Errorf("%s: no such member", key)
	}
	null := value.Type() == fastjson.TypeNull
	switch {
	case f.set(m):
		err = errors.New("said twice")
	case null && m.optional:
		return nil
	case m.kind == whole:
		f.whole[m.index], err = value.Int()
	case m.kind == real:
		f.number[m.index], err = value.Float64()
	default:
		var raw []byte
		raw, err = value.StringBytes()
		f.text[m.index] = string(raw)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	f.point(m)
	return nil
}

// set says whether a member was taken before.
func (f *flight) set(m member) bool {
	switch m.kind {
	case whole:
		return *f.wholes()[m.index] != nil
	case real:
		return *f.reals()[m.index] != nil
	default:
		return *f.texts()[m.index] != nil
	}
}

func (f *flight) point(m member) {
	switch m.kind {
	case whole:
		*f.wholes()[m.index] = &f.whole[m.index]
	case real:
		*f.reals()[m.index] = &f.number[m.index]
	default:
		*f.texts()[m.index] = &f.text[m.index]
	}
}

func (f *flight) wholes() [3]**int { return [...]**int{&f.Month, &f.Weekday, &f.MinuteOfDay} }

func (f *flight) reals() [4]**float64 {
	return [...]**float64{&f.Distance, &f.Temp, &f.WindSpeed, &f.Visib}
}

func (f *flight) texts() [4]**string { return [...]**string{&f.Carrier, &f.Origin, &f.Dest, &f.Entity} }
