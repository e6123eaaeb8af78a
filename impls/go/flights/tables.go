package flights

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"bench/protocol"
)

// Tables are what flights are joined with.
type Tables struct {
	Airlines map[string]string   // name by carrier
	Weather  map[string]*Station // by origin
}

// Station is the weather at one origin by an Instant's slot; NaN where it is missing.
type Station struct{ Temp, WindSpeed, Visib [Slots]float64 }

// NoStation is where no weather is known.
var NoStation = newStation()

func newStation() *Station {
	s := new(Station)
	for i := range s.Temp {
		s.Temp[i], s.WindSpeed[i], s.Visib[i] = math.NaN(), math.NaN(), math.NaN()
	}
	return s
}

// Station is the weather at an origin.
func (t *Tables) Station(origin []byte) *Station {
	if s := t.Weather[string(origin)]; s != nil {
		return s
	}
	return NoStation
}

// ReadTables reads the request's airlines and weather.
func ReadTables(req *protocol.Request) (*Tables, error) {
	t := &Tables{map[string]string{}, map[string]*Station{}}
	err := readTable(req, "airlines", []string{"carrier", "name"}, func(fields [][]byte) error {
		if string(fields[1]) != "NA" {
			t.Airlines[string(fields[0])] = string(fields[1])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t, readTable(req, "weather", []string{"origin", "time_hour", "temp", "wind_speed", "visib"}, t.addWeather)
}

func (t *Tables) addWeather(fields [][]byte) error {
	at, ok := instant(fields[1])
	if !ok {
		return fmt.Errorf("%q is no instant", fields[1])
	}
	station := t.Weather[string(fields[0])]
	if station == nil {
		station = newStation()
		t.Weather[string(fields[0])] = station
	}
	for i, into := range []*[Slots]float64{&station.Temp, &station.WindSpeed, &station.Visib} {
		if string(fields[2+i]) == "NA" {
			continue
		}
		value, err := strconv.ParseFloat(string(fields[2+i]), 64)
		if err != nil {
			return err
		}
		into[at.Slot] = value
	}
	return nil
}

// readTable hands on the named columns of a well-formed file, row by row.
func readTable(req *protocol.Request, input string, columns []string, add func(fields [][]byte) error) error {
	path, err := req.Input(input)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return protocol.BadInput("%v", err)
	}
	defer file.Close()
	if err := readColumns(file, columns, add); err != nil {
		return protocol.BadInput("%s: %v", path, err)
	}
	return nil
}

// readColumns goes without encoding/csv: these files have no quotes, and it would take twice the time.
func readColumns(from io.Reader, columns []string, add func(fields [][]byte) error) error {
	lines := bufio.NewScanner(from)
	if !lines.Scan() {
		return cmp.Or(lines.Err(), errors.New("it is empty"))
	}
	header := strings.Split(lines.Text(), ",")
	wanted := make([]int, len(header)) // place in columns, from 1
	for i, name := range columns {
		place := slices.Index(header, name)
		if place < 0 {
			return fmt.Errorf("the header has no column %s", name)
		}
		wanted[place] = i + 1
	}
	fields := make([][]byte, 1+len(columns)) // the first takes what is not wanted
	for number := 2; lines.Scan(); number++ {
		rest, more := lines.Bytes(), true
		for _, place := range wanted {
			if !more {
				return fmt.Errorf("line %d: fewer than %d fields", number, len(header))
			}
			fields[place], rest, more = bytes.Cut(rest, []byte{','})
		}
		if err := add(fields[1:]); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	return lines.Err()
}
