package serving

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Flight is a body of POST /predict. A pointer is nil where the body has no value: zero is lawful for most of them.
type Flight struct {
	Month       *int     `json:"month"`
	Weekday     *int     `json:"weekday"`
	MinuteOfDay *int     `json:"minute_of_day"`
	Distance    *float64 `json:"distance"`
	Carrier     *string  `json:"carrier"`
	Origin      *string  `json:"origin"`
	Dest        *string  `json:"dest"`
	Temp        *float64 `json:"temp"`
	WindSpeed   *float64 `json:"wind_speed"`
	Visib       *float64 `json:"visib"`
	Entity      *string  `json:"entity"`
}

// Batch is a body of POST /predict/batch.
type Batch struct {
	Rows []Flight `json:"rows"`
}

// Read takes a body apart; what is wrong names the place. It is what encoding/json/v2 will be, since version 1 takes MONTH for month,
// a member said twice, and text that is no UTF-8.
func Read(body []byte, into any) error {
	err := json.Unmarshal(body, into, json.RejectUnknownMembers(true))
	if wrong := new(json.SemanticError); errors.As(err, &wrong) {
		return fmt.Errorf("%s: %w", place(wrong.JSONPointer), err)
	}
	if wrong := new(jsontext.SyntacticError); errors.As(err, &wrong) {
		return fmt.Errorf("%s: %w", place(wrong.JSONPointer), err)
	}
	return err
}

// place writes /rows/2/month as rows[2].month.
func place(pointer jsontext.Pointer) string {
	var at strings.Builder
	for token := range pointer.Tokens() {
		switch _, err := strconv.Atoi(token); {
		case err == nil:
			fmt.Fprintf(&at, "[%s]", token)
		case at.Len() > 0:
			at.WriteString("." + token)
		default:
			at.WriteString(token)
		}
	}
	if at.Len() == 0 {
		return "the body"
	}
	return at.String()
}

// numbers are the values before the codes, found in their ranges.
func (f *Flight) numbers() (found [4]float32, err error) {
	whole := []struct {
		name        string
		value       *int
		least, most int
	}{{"month", f.Month, 1, 12}, {"weekday", f.Weekday, 1, 7}, {"minute_of_day", f.MinuteOfDay, 0, 1439}}
	for i, w := range whole {
		switch {
		case w.value == nil:
			return found, fmt.Errorf("%s: missing", w.name)
		case *w.value < w.least || *w.value > w.most:
			return found, fmt.Errorf("%s: %d is not in %d to %d", w.name, *w.value, w.least, w.most)
		}
		found[i] = float32(*w.value)
	}
	switch {
	case f.Distance == nil:
		return found, errors.New("distance: missing")
	case !(*f.Distance > 0 && *f.Distance <= 10_000):
		return found, fmt.Errorf("distance: %v is not above 0 and at most 10000", *f.Distance)
	}
	found[3] = float32(*f.Distance)
	return found, nil
}

// weather is the body's own, NaN where it is not known.
func (f *Flight) weather() (found [3]float32, err error) {
	for i, value := range [...]*float64{f.Temp, f.WindSpeed, f.Visib} {
		switch {
		case value == nil:
			found[i] = float32(math.NaN())
		case math.Abs(*value) > 1000:
			return found, fmt.Errorf("%s: %v is not in -1000 to 1000", weatherNames[i], *value)
		default:
			found[i] = float32(*value)
		}
	}
	return found, nil
}

var weatherNames = [...]string{"temp", "wind_speed", "visib"}
