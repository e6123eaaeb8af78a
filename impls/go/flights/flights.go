// Package flights holds the rules of csv-etl that all Go variants share: how a flights file is cut into
// records, why a record is malformed, what is derived of a lawful one, and what it is joined with.
//
// A file flows through it in blocks of whole records (Source), each block record by record (Scanner), which
// hands on the rows that the filter keeps, counts the others and writes the malformed ones to the rejects.
// No row costs an allocation, and memory is that of a few blocks whatever the size of the file.
package flights

// longest is the most bytes that a record may have without its ending.
const longest = 4096

const header = "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay," +
	"carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour"

// The columns by their place.
const (
	year = iota
	month
	day
	depTime
	schedDepTime
	depDelay
	arrTime
	schedArrTime
	arrDelay
	carrier
	flight
	tailnum
	origin
	dest
	airTime
	distance
	hour
	minute
	timeHour
	columns // how many they are
)

// Which columns hold text, and in which NA is lawful; time_hour is neither.
const (
	texts    = 1<<carrier | 1<<tailnum | 1<<origin | 1<<dest
	optional = 1<<depTime | 1<<depDelay | 1<<arrTime | 1<<arrDelay | 1<<airTime | 1<<tailnum
)

// Reason says why a record is malformed.
type Reason uint8

// The reasons in the order in which they apply.
const (
	Lawful Reason = iota
	Long          // more than 4,096 bytes without its ending
	Nul           // a byte 0
	UTF8          // bytes that are not UTF-8
	Quote         // quotes that cannot be read, or a CR in an unquoted field
	Few           // fewer fields than columns
	Many          // more fields than columns
	Value         // a field other than time_hour without a lawful value
	Time          // a time_hour that is no real instant
)

var reasons = [...]string{"lawful", "long", "nul", "utf8", "quote", "few", "many", "value", "time"}

func (r Reason) String() string { return reasons[r] }

// Tally counts the records of a file: Read = Clean + Dropped + Rejected.
type Tally struct {
	Read, Clean, Dropped, Rejected, Kept int64
	RejectLines                          int64 // sum of the rejected records' line numbers
}

func (t *Tally) add(other Tally) {
	t.Read += other.Read
	t.Clean += other.Clean
	t.Dropped += other.Dropped
	t.Rejected += other.Rejected
	t.Kept += other.Kept
	t.RejectLines += other.RejectLines
}

// Sums gives the tally under the names of the spec.
func (t Tally) Sums() map[string]int64 {
	return map[string]int64{
		"read": t.Read, "clean": t.Clean, "dropped": t.Dropped,
		"rejected": t.Rejected, "kept": t.Kept, "reject_lines": t.RejectLines,
	}
}
