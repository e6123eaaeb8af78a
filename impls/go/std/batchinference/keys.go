package batchinference

import "math"

// keys are a row's features as whole numbers in the order of the features, each in two slots: one for the nodes that send a missing
// value left, where it is below all thresholds, and one for the others, where it is above all. So a step never asks for NaN.
// There are 256 so that a byte needs no bounds check.
type keys [256]int32

func slot(feature int, missingLeft bool) uint8 {
	if missingLeft {
		return uint8(2*feature + 1)
	}
	return uint8(2 * feature)
}

func (k *keys) set(row []float32) {
	for f, v := range row {
		below, above := key(v), key(v)
		if v != v {
			below, above = math.MinInt32, math.MaxInt32
		}
		k[slot(f, true)], k[slot(f, false)] = below, above
	}
}

// key orders float32 as whole numbers: the bits of a negative one are turned over, all but the sign, and -0 becomes 0.
func key(v float32) int32 {
	bits := int32(math.Float32bits(v + 0))
	return bits ^ int32(uint32(bits>>31)>>1)
}

// roundDown gives the largest float32 that is not above the threshold: a float32 is at most the one where it is at most the other.
func roundDown(threshold float64) float32 {
	v := float32(threshold)
	if float64(v) > threshold {
		v = math.Nextafter32(v, float32(math.Inf(-1)))
	}
	return v
}
