package batchinference

import (
	"fmt"
	"slices"

	"bench/inference"
	"bench/protocol"
)

// network is dense layers one after the other.
type network struct {
	layers []*layer
	rows   []float32
	width  int
	spare  [2][]float32 // a layer's outputs, in turn
}

// layer has its weights turned over, output by output, so that each is read in one stream.
type layer struct {
	inputs  int
	weights []float32
	bias    []float32
}

const layers = 3

func openNetwork(t *inference.Task) (inference.Engine, error) {
	file, err := t.Tensors("arrays")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if err := file.WantFormat(format); err != nil {
		return nil, err
	}
	n := &network{rows: t.Inputs.Floats, width: t.Model.Inputs[0].Size()}
	inputs := n.width
	for i := range layers {
		l, err := readLayer(file, i, inputs)
		if err != nil {
			return nil, err
		}
		n.layers = append(n.layers, l)
		inputs = len(l.bias)
	}
	if inputs != t.Model.Width {
		return nil, protocol.BadInput("%s: the last layer has %d outputs, not %d", file.Path, inputs, t.Model.Width)
	}
	return n.Fork(), nil
}

func readLayer(file *inference.Tensors, i, inputs int) (*layer, error) {
	bias, err := inference.Read[float32](file, fmt.Sprintf("bias%d", i), inference.Any)
	if err != nil {
		return nil, err
	}
	weights, err := inference.Read[float32](file, fmt.Sprintf("weight%d", i), inputs, len(bias))
	if err != nil {
		return nil, err
	}
	for _, v := range slices.Concat(weights, bias) {
		if !finite(float64(v)) {
			return nil, protocol.BadInput("%s: layer %d has a weight of %v", file.Path, i, v)
		}
	}
	l := &layer{inputs, make([]float32, len(weights)), bias}
	for k, w := range weights {
		in, out := k/len(bias), k%len(bias)
		l.weights[out*inputs+in] = w
	}
	return l, nil
}

// Fork makes a network on the same weights, with room of its own between them.
func (n *network) Fork() inference.Engine {
	fork := *n
	widest := 0
	for _, l := range n.layers {
		widest = max(widest, len(l.bias))
	}
	for i := range fork.spare {
		fork.spare[i] = make([]float32, widest)
	}
	return &fork
}

// Answer takes one row after the other. More at once would read the weights less often, but they lie in the first-level cache or
// next to it, and the additions are what takes the time: two rows at once were slower.
func (n *network) Answer(out []float32, first int) error {
	last := len(n.layers) - 1
	for i := range out {
		x := n.rows[(first+i)*n.width:][:n.width]
		for k, l := range n.layers[:last] {
			y := n.spare[k%2][:len(l.bias)]
			l.apply(y, x)
			relu(y)
			x = y
		}
		var s [1]float32
		n.layers[last].apply(s[:], x)
		out[i] = float32(sigmoid(float64(s[0])))
	}
	return nil
}

func relu(y []float32) {
	for i, v := range y {
		y[i] = max(v, 0)
	}
}

// apply computes four outputs at once, so that four additions are under way and each input is loaded once for all of them.
func (l *layer) apply(y, x []float32) {
	n := len(x)
	y = y[:len(l.bias)]
	copy(y, l.bias)
	j := 0
	for ; j+4 <= len(y); j += 4 {
		w := l.weights[j*n:]
		w0, w1, w2, w3 := w[:n], w[n:][:n], w[2*n:][:n], w[3*n:][:n]
		var s0, s1, s2, s3 float32
		for i, v := range x {
			s0 += v * w0[i]
			s1 += v * w1[i]
			s2 += v * w2[i]
			s3 += v * w3[i]
		}
		y[j] += s0
		y[j+1] += s1
		y[j+2] += s2
		y[j+3] += s3
	}
	for ; j < len(y); j++ {
		w := l.weights[j*n:][:n]
		var s float32
		for i, v := range x {
			s += v * w[i]
		}
		y[j] += s
	}
}
