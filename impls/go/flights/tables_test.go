package flights

import (
	"math"
	"strings"
	"testing"

	"bench/protocol"
)

func readTables(t *testing.T, airlines, weather string) (*Tables, error) {
	t.Helper()
	return ReadTables(&protocol.Request{Inputs: map[string]string{"airlines": write(t, airlines), "weather": write(t, weather)}})
}

const airlinesFile = "carrier,name\nUA,United Air Lines Inc.\n"

func TestTables(t *testing.T) {
	tables, err := readTables(t, airlinesFile,
		"origin,year,temp,wind_speed,visib,time_hour\nEWR,2013,39.02,NA,10,2013-12-31T23:00:00Z\nJFK,2013,NA,0,1.5,2013-01-01T06:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	at, _ := instant([]byte("1999-12-31T23:59:59Z"))
	ewr, jfk := tables.Station([]byte("EWR")), tables.Station([]byte("JFK"))
	if tables.Airlines["UA"] != "United Air Lines Inc." || ewr.Temp[at.Slot] != 39.02 || !math.IsNaN(ewr.WindSpeed[at.Slot]) || ewr.Visib[at.Slot] != 10 {
		t.Errorf("%v at %d", tables.Airlines, at.Slot)
	}
	if !math.IsNaN(jfk.Temp[at.Slot]) || !math.IsNaN(tables.Station([]byte("LGA")).Temp[at.Slot]) {
		t.Error("weather where there is none")
	}
}

func TestTablesRefuse(t *testing.T) {
	const good = "origin,time_hour,temp,wind_speed,visib\n"
	for weather, want := range map[string]string{
		"":                         "empty",
		"origin,time_hour,temp\n":  "no column wind_speed",
		good + "EWR,yesterday,1,,": "line 2: \"yesterday\" is no instant",
		good + "EWR,2013-01-01T06:00:00Z,warm,1,1": "line 2",
		good + "EWR": "line 2: fewer than 5",
	} {
		if _, err := readTables(t, airlinesFile, weather); !strings.Contains(refused(t, err), want) {
			t.Errorf("%q: %v, want %q", weather, err, want)
		}
	}
	if _, err := ReadTables(&protocol.Request{}); !strings.Contains(refused(t, err), "airlines") {
		t.Error(err)
	}
}
