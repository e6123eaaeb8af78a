package flights

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// model says of each record of a file what the spec says, with regular expressions over the whole file in memory: a
// second opinion that shares nothing with the package.
func model(file string) (records []string) {
	rest, line := file[strings.Index(file+"\n", "\n")+1:], 2
	for rest != "" {
		content, size, fields := modelRecord(rest)
		records = append(records, fmt.Sprintf("%d %s", line, modelVerdict(content, fields)))
		line += strings.Count(rest[:size], "\n")
		rest = rest[size:]
	}
	return records
}

var modelField = regexp.MustCompile(`\A(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\z)`)

// modelRecord gives nil for fields whose quotes do not read.
func modelRecord(rest string) (content string, size int, fields []string) {
	content, _, whole := strings.Cut(rest, "\n")
	size = len(content)
	if whole {
		size++
		content = strings.TrimSuffix(content, "\r")
	}
	if !strings.Contains(content, `"`) {
		if !strings.Contains(content, "\r") {
			fields = strings.Split(content, ",")
		}
		return content, size, fields
	}
	for at := 0; ; {
		m := modelField.FindStringSubmatchIndex(rest[at:])
		if m == nil {
			return content, size, nil
		}
		if m[2] >= 0 {
			fields = append(fields, strings.ReplaceAll(rest[at+m[2]:at+m[3]], `""`, `"`))
		} else {
			fields = append(fields, rest[at+m[4]:at+m[5]])
		}
		end, delimiter := at+m[6], rest[at+m[6]:at+m[7]]
		at += m[7]
		if delimiter == "," {
			continue
		}
		if end > 4096 {
			return content, size, nil
		}
		return rest[:end], at, fields
	}
}

var modelNumber = regexp.MustCompile(`\A-?[0-9]{1,9}\z`)

// modelVerdict is the reason, or the values that a Row keeps.
func modelVerdict(content string, fields []string) string {
	switch {
	case len(content) > 4096:
		return "long"
	case strings.Contains(content, "\x00"):
		return "nul"
	case !utf8.ValidString(content):
		return "utf8"
	case fields == nil:
		return "quote"
	case len(fields) < 19:
		return "few"
	case len(fields) > 19:
		return "many"
	}
	missing := false
	for i, name := range strings.Split(header, ",")[:18] {
		text := strings.Contains("carrier tailnum origin dest", name)
		switch {
		case fields[i] == "NA" && strings.Contains("dep_time dep_delay arr_time arr_delay air_time tailnum", name):
			missing = missing || !text
		case fields[i] == "NA", text && fields[i] == "", !text && !modelNumber.MatchString(fields[i]):
			return "value"
		}
	}
	t, err := time.Parse("2006-01-02T15:04:05Z", fields[18])
	if err != nil || len(fields[18]) != 20 || t.Year() < 1970 || t.Year() > 2261 {
		return "time"
	}
	if missing {
		return "dropped"
	}
	var kept []string
	for _, i := range []int{0, 1, 2, 5, 8, 10, 14, 15} {
		number, _ := strconv.Atoi(fields[i])
		kept = append(kept, strconv.Itoa(number))
	}
	tailnum := fields[11]
	if tailnum == "NA" {
		tailnum = ""
	}
	kept = append(kept, fields[9], tailnum, fields[12], fields[13], fields[18])
	return fmt.Sprintf("%q %d %s", kept, t.Unix(), t.Format("Mon 01-02 15"))
}

// verdict is what modelVerdict would say.
func (s *Scanner) verdict(reason Reason) string {
	r := &s.Row
	switch {
	case reason != Lawful:
		return reason.String()
	case r.Missing:
		return "dropped"
	}
	var kept []string
	for _, number := range []int32{r.Year, r.Month, r.Day, r.DepDelay, r.ArrDelay, r.Flight, r.AirTime, r.Distance} {
		kept = append(kept, strconv.Itoa(int(number)))
	}
	for _, text := range [][]byte{r.Carrier, r.Tailnum, r.Origin, r.Dest, r.TimeHour} {
		kept = append(kept, string(text))
	}
	weekday := []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}[r.At.Weekday-1]
	month, day, hour := r.At.Slot>>10, r.At.Slot>>5&31, r.At.Slot&31
	if hour != r.At.Hour {
		return fmt.Sprintf("slot %d is not of hour %d", r.At.Slot, r.At.Hour)
	}
	return fmt.Sprintf("%q %d %s %02d-%02d %02d", kept, r.At.Unix, weekday, month, day, hour)
}
