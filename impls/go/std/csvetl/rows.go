package csvetl

import (
	"os"
	"strconv"

	"bench/flights"
	"bench/protocol"
)

const header = "carrier,name,flight,tailnum,origin,dest,year,month,day,time_hour," +
	"dep_delay,arr_delay,air_time,distance,weekday,hour,speed,made_up,late,temp,wind_speed,visib\n"

// csv writes each kept row as it comes; what it is joined with is text already.
func (w *workload) csv() (*protocol.Answer, error) {
	tables, err := flights.ReadTables(w.Req)
	if err != nil {
		return nil, err
	}
	joined := newTexts(tables)
	var tally flights.Tally
	err = flights.Create(w.Req, "csv.csv", header, func(file *os.File) error {
		tally, err = flights.Clean(w.Req, "csv", func(int) flights.Consumer {
			lines := flights.NewLines(file)
			return func(rows *flights.Scanner) error { return joined.write(rows, lines) }
		})
		return err
	})
	return flights.Answer(int(tally.Kept), tally), err
}

// texts are what rows are joined with, as it stands in the file.
type texts struct {
	airlines map[string]string        // "carrier,name"
	weather  map[string]*weatherTexts // by origin
}

// weatherTexts hold "temp,wind_speed,visib" by an Instant's slot.
type weatherTexts struct {
	all []byte
	end [flights.Slots + 1]uint32
}

const noWeather = ",,"

func newTexts(tables *flights.Tables) *texts {
	t := &texts{map[string]string{}, map[string]*weatherTexts{}}
	for carrier, name := range tables.Airlines {
		t.airlines[carrier] = string(appendAirline(nil, carrier, name))
	}
	for origin, station := range tables.Weather {
		w := new(weatherTexts)
		for i := range station.Temp {
			w.all = protocol.AppendFloat(w.all, station.Temp[i])
			w.all = protocol.AppendFloat(append(w.all, ','), station.WindSpeed[i])
			w.all = protocol.AppendFloat(append(w.all, ','), station.Visib[i])
			w.end[i+1] = uint32(len(w.all))
		}
		t.weather[origin] = w
	}
	return t
}

func appendAirline(dst []byte, carrier, name string) []byte {
	return protocol.AppendText(append(protocol.AppendText(dst, carrier), ','), name)
}

// write turns a block's rows into one write.
func (t *texts) write(rows *flights.Scanner, lines *flights.Lines) error {
	r := &rows.Row
	for rows.Next() {
		lines.Text = append(t.append(lines.Text, r), '\n')
	}
	return lines.Flush()
}

func (t *texts) append(dst []byte, r *flights.Row) []byte {
	if airline, known := t.airlines[string(r.Carrier)]; known {
		dst = append(dst, airline...)
	} else {
		dst = appendAirline(dst, string(r.Carrier), "")
	}
	dst = strconv.AppendInt(append(dst, ','), int64(r.Flight), 10)
	for _, text := range [...][]byte{r.Tailnum, r.Origin, r.Dest} {
		dst = appendText(append(dst, ','), text, r.Plain)
	}
	dst = appendWholes(dst, r.Year, r.Month, r.Day)
	dst = append(append(dst, ','), r.TimeHour...)
	dst = appendWholes(dst, r.DepDelay, r.ArrDelay, r.AirTime, r.Distance, r.At.Weekday, r.At.Hour)
	dst = protocol.AppendFloat(append(dst, ','), r.Speed())
	dst = appendWholes(dst, r.MadeUp(), r.Late())
	dst = append(dst, ',')
	if w := t.weather[string(r.Origin)]; w != nil {
		return append(dst, w.all[w.end[r.At.Slot]:w.end[r.At.Slot+1]]...)
	}
	return append(dst, noWeather...)
}

func appendText(dst, text []byte, plain bool) []byte {
	if plain {
		return append(dst, text...)
	}
	return protocol.AppendText(dst, string(text))
}

// appendWholes appends whole numbers, each after a comma.
func appendWholes(dst []byte, wholes ...int32) []byte {
	for _, whole := range wholes {
		dst = strconv.AppendInt(append(dst, ','), int64(whole), 10)
	}
	return dst
}
