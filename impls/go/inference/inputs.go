package inference

import "bench/protocol"

// Inputs are the rows in memory, one after the other.
type Inputs struct {
	Floats []float32 // of the model's only input
	Tokens [][]int64 // of each of the inputs of a model of tokens
}

func readInputs(t *Task) (*Inputs, error) {
	file, err := t.Tensors("inputs")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	in := new(Inputs)
	for _, tensor := range t.Model.Inputs {
		if t.Model.Tokens {
			var ids []int64
			ids, err = readRows[int64](file, tensor, t.Rows)
			in.Tokens = append(in.Tokens, ids)
		} else {
			in.Floats, err = readRows[float32](file, tensor, t.Rows)
		}
		if err != nil {
			return nil, err
		}
	}
	return in, t.Model.refuse(in.Floats, file)
}

func readRows[T Value](file *Tensors, tensor Tensor, rows int) ([]T, error) {
	values, err := Read[T](file, tensor.Name, append([]int{Any}, tensor.Shape...)...)
	if err != nil {
		return nil, err
	}
	if n := len(values) / tensor.Size(); n != rows {
		return nil, protocol.BadInput("%s: %s has %d rows, not %d", file.Path, tensor.Name, n, rows)
	}
	return values, nil
}

// refuse looks for a value that is not finite where the model has to have one.
func (m *Model) refuse(values []float32, file *Tensors) error {
	width := m.Inputs[0].Size()
	for i, v := range values {
		if v-v == 0 {
			continue
		}
		row, column := i/width, i%width
		if v != v && m.missing[0] <= column && column < m.missing[1] {
			continue
		}
		return protocol.BadInput("%s: row %d has %v in column %d of %s", file.Path, row, v, column, m.Inputs[0].Name)
	}
	return nil
}
