package flights

import (
	"os"
	"strconv"

	"bench/protocol"
)

// Groups are what the step agg sums, by carrier, origin and month.
type Groups map[Key]*Sums

// Key names a group; the airline's name follows from the carrier.
type Key struct {
	Carrier, Origin string
	Month           int32
}

// Sums are those of the kept rows of a group.
type Sums struct {
	Flights, Late, Weekend, Early, MadeUp int64
	Speed, Temp                           float64
	Temps                                 int64 // how many were not missing
	Station                               *Station
}

// New adds a group.
func (g Groups) New(key Key, tables *Tables) *Sums {
	s := &Sums{Station: tables.Station([]byte(key.Origin))}
	g[key] = s
	return s
}

// Merge adds the sums of another thread's groups, which are its own no more.
func (g Groups) Merge(other Groups) {
	for key, o := range other {
		s := g[key]
		if s == nil {
			g[key] = o
			continue
		}
		s.Flights += o.Flights
		s.Late += o.Late
		s.Weekend += o.Weekend
		s.Early += o.Early
		s.MadeUp += o.MadeUp
		s.Speed += o.Speed
		s.Temp += o.Temp
		s.Temps += o.Temps
	}
}

// Write leaves the groups in the request's outputs.
func (g Groups) Write(req *protocol.Request, tables *Tables) error {
	const header = "carrier,name,origin,month,flights,late,weekend,early,made_up,speed,temp\n"
	return Create(req, "agg.csv", header, func(file *os.File) error {
		lines := NewLines(file)
		for key, s := range g {
			lines.Text = append(s.appendTo(lines.Text, key, tables.Airlines[key.Carrier]), '\n')
		}
		return lines.Flush()
	})
}

func (s *Sums) appendTo(dst []byte, key Key, name string) []byte {
	dst = protocol.AppendText(dst, key.Carrier)
	dst = protocol.AppendText(append(dst, ','), name)
	dst = protocol.AppendText(append(dst, ','), key.Origin)
	for _, whole := range []int64{int64(key.Month), s.Flights, s.Late, s.Weekend, s.Early} {
		dst = strconv.AppendInt(append(dst, ','), whole, 10)
	}
	n := float64(s.Flights)
	dst = protocol.AppendFloat(append(dst, ','), float64(s.MadeUp)/n)
	dst = protocol.AppendFloat(append(dst, ','), s.Speed/n)
	return protocol.AppendFloat(append(dst, ','), s.Temp/float64(s.Temps)) // 0/0 is missing
}
