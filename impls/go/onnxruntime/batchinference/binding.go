//go:build cgo

package batchinference

import (
	"runtime"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"bench/inference"
)

// copied is up to how many bytes of a query's rows are copied into a tensor that stays bound. A tensor over the rows where they lie
// costs three more calls into C, together a microsecond: as much as the copy of so many.
const copied = 16 << 10

// binding is the memory that the session reads and writes in a query of one size. Of the ways to run a session it has the
// cheapest call: the names are looked up when a tensor is bound, and not in each query.
type binding struct {
	io     *ort.IoBinding
	feeds  []feed
	output []float32
}

// feed brings the rows from one on to the session.
type feed func(first int) error

func (e *engine) bind(rows int) (*binding, error) {
	io, err := e.session.CreateIoBinding()
	if err != nil {
		return nil, err
	}
	b := &binding{io: io}
	for i, tensor := range e.task.Model.Inputs {
		var f feed
		if e.task.Model.Tokens {
			f, err = newFeed(e, io, tensor, e.task.Inputs.Tokens[i], rows)
		} else {
			f, err = newFeed(e, io, tensor, e.task.Inputs.Floats, rows)
		}
		if err != nil {
			return nil, err
		}
		b.feeds = append(b.feeds, f)
	}
	b.output, err = e.bindOutput(io, e.output, rows, e.columns)
	return b, err
}

func (b *binding) run(session *ort.DynamicAdvancedSession, first int) error {
	for _, f := range b.feeds {
		if err := f(first); err != nil {
			return err
		}
	}
	return session.RunWithBinding(b.io)
}

// newFeed chooses between the two ways by size.
func newFeed[T float32 | int64](e *engine, io *ort.IoBinding, tensor inference.Tensor, values []T, rows int) (feed, error) {
	size := tensor.Size()
	dims := append([]int{rows}, tensor.Shape...)
	if rows*size*int(unsafe.Sizeof(values[0])) > copied {
		e.pins.Pin(&values[0])
		return inPlace(io, tensor.Name, shapeOf(dims...), values, size), nil
	}
	bound, err := bindInput[T](e, io, tensor.Name, dims...)
	return func(first int) error {
		copy(bound, values[first*size:])
		return nil
	}, err
}

// inPlace binds a tensor over the rows themselves.
func inPlace[T float32 | int64](io *ort.IoBinding, name string, shape ort.Shape, values []T, size int) feed {
	return func(first int) error {
		tensor, err := ort.NewTensor(shape, values[first*size:])
		if err != nil {
			return err
		}
		defer tensor.Destroy() // the binding has a reference of its own
		return io.BindInput(name, tensor)
	}
}

// bindInput binds memory to an input for good.
func bindInput[T float32 | int64](e *engine, io *ort.IoBinding, name string, dims ...int) ([]T, error) {
	tensor, err := newTensor[T](&e.pins, dims)
	if err != nil {
		return nil, err
	}
	return tensor.GetData(), io.BindInput(name, tensor)
}

func (e *engine) bindOutput(io *ort.IoBinding, name string, dims ...int) ([]float32, error) {
	tensor, err := newTensor[float32](&e.pins, dims)
	if err != nil {
		return nil, err
	}
	return tensor.GetData(), io.BindOutput(name, tensor)
}

// newTensor makes a tensor on Go's heap that the library may keep the address of.
func newTensor[T float32 | int64](pins *runtime.Pinner, dims []int) (*ort.Tensor[T], error) {
	shape := shapeOf(dims...)
	data := make([]T, shape.FlattenedSize())
	pins.Pin(&data[0])
	return ort.NewTensor(shape, data)
}

func shapeOf(dims ...int) ort.Shape {
	shape := make(ort.Shape, len(dims))
	for i, n := range dims {
		shape[i] = int64(n)
	}
	return shape
}
