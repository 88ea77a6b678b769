// The judge: what Alertmanager's own packages say, one question a line (JSON) on standard input, one
// answer a line on standard output. `python -m tests.streams.policy.alertmanager` asks it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log"
	"maps"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/provider"
	"github.com/prometheus/alertmanager/timeinterval"
)

type question struct {
	Keys      bool             `json:"keys"`      // the keys of alertmanager.yml, by type
	Matchers  []string         `json:"matchers"`  // read these lists of matchers
	Values    []string         `json:"values"`    // and match these values with each one
	Durations []string         `json:"durations"` // read these durations
	Config    string           `json:"config"`    // read this alertmanager.yml
	Labels    []model.LabelSet `json:"labels"`    // and route these alerts, all of which fire
	AtMs      []int64          `json:"at_ms"`     // and look at its time intervals at these moments
}

type told struct {
	Receiver       string         `json:"receiver"`
	GroupLabels    model.LabelSet `json:"group_labels"`
	GroupWait      int64          `json:"group_wait_ms"`
	GroupInterval  int64          `json:"group_interval_ms"`
	RepeatInterval int64          `json:"repeat_interval_ms"`
	Mute           []string       `json:"mute"`
	Active         []string       `json:"active"`
}

type judged struct {
	Error     string            `json:"error,omitempty"`
	Routes    [][]told          `json:"routes"`
	Inhibited []bool            `json:"inhibited"`
	Contains  map[string][]bool `json:"contains"`
}

type term struct {
	Label   string `json:"label"`
	Op      string `json:"op"`
	Value   string `json:"value"`
	Matches []bool `json:"matches"`
}

func main() {
	flags, err := featurecontrol.NewFlags(promslog.NewNopLogger(), "")
	if err != nil {
		log.Fatal(err)
	}
	compat.InitFromFlags(promslog.NewNopLogger(), flags)
	answers := json.NewEncoder(os.Stdout)
	answers.SetEscapeHTML(false)
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	for questions.More() {
		var asked question
		if err := questions.Decode(&asked); err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(answer(asked)); err != nil {
			log.Fatal(err)
		}
	}
}

func answer(asked question) any {
	switch {
	case asked.Keys:
		return keys(reflect.TypeOf(config.Config{}), map[string]map[string]string{})
	case asked.Matchers != nil:
		return matchers(asked)
	case asked.Durations != nil:
		return durations(asked)
	default:
		return configuration(asked)
	}
}

// Each type's keys, and what each takes: a kind of value, or a type that has keys of its own; with
// "[]" before it where it takes a list.
func keys(t reflect.Type, known map[string]map[string]string) map[string]map[string]string {
	found := map[string]string{}
	known[t.String()] = found
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, tagged := strings.Cut(field.Tag.Get("yaml"), ",")
		if !field.IsExported() || name == "-" {
			continue
		}
		inline := tagged && strings.Contains(options, "inline")
		if inline && field.Type.Kind() == reflect.Map {
			found["*"] = "any"
			continue
		}
		if inline {
			keys(field.Type, known)
			maps.Copy(found, known[field.Type.String()])
			continue
		}
		if name == "" {
			name = strings.ToLower(field.Name)
		}
		found[name] = takes(field.Type, known)
	}
	return known
}

func takes(t reflect.Type, known map[string]map[string]string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if hasKeys(t) {
		if known[t.String()] == nil {
			keys(t, known)
		}
		return t.String()
	}
	switch t {
	case reflect.TypeFor[model.Duration]():
		return "duration"
	case reflect.TypeFor[time.Duration](), reflect.TypeFor[timeinterval.TimeRange]():
		return "any" // each reads what it is given in its own way
	}
	switch t.Kind() {
	case reflect.Slice:
		return "[]" + takes(t.Elem(), known)
	case reflect.Map:
		return "map"
	case reflect.Bool:
		return "flag"
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64, reflect.Float64:
		return "number"
	case reflect.Interface:
		return "any"
	}
	return "text"
}

// A struct that is written as a text, such as a URL, tags no field.
func hasKeys(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("yaml") != "" {
			return true
		}
	}
	return false
}

// A list that cannot be read is null.
func matchers(asked question) (lists [][]term) {
	for _, text := range asked.Matchers {
		read, err := compat.Matchers(text, "judge")
		if err != nil {
			lists = append(lists, nil)
			continue
		}
		list := []term{}
		for _, m := range read {
			matches := []bool{}
			for _, value := range asked.Values {
				matches = append(matches, m.Matches(value))
			}
			list = append(list, term{m.Name, m.Type.String(), m.Value, matches})
		}
		lists = append(lists, list)
	}
	return lists
}

// A duration that cannot be read is -1.
func durations(asked question) (read []int64) {
	for _, text := range asked.Durations {
		found, err := model.ParseDuration(text)
		if err != nil {
			read = append(read, -1)
			continue
		}
		read = append(read, time.Duration(found).Milliseconds())
	}
	return read
}

func configuration(asked question) judged {
	loaded, err := config.Load(asked.Config)
	if err != nil {
		return judged{Error: err.Error()}
	}
	root := dispatch.NewRoute(loaded.Route, nil)
	mutes := inhibitor(loaded, asked.Labels)
	found := judged{Contains: contains(loaded, asked.AtMs)}
	for _, labels := range asked.Labels {
		routes := []told{}
		for _, route := range root.Match(labels) {
			routes = append(routes, tell(route, labels))
		}
		found.Routes = append(found.Routes, routes)
		found.Inhibited = append(found.Inhibited, mutes.Mutes(context.Background(), labels))
	}
	return found
}

func tell(route *dispatch.Route, labels model.LabelSet) told {
	opts := route.RouteOpts
	return told{
		Receiver:       opts.Receiver,
		GroupLabels:    groupLabels(route, labels),
		GroupWait:      opts.GroupWait.Milliseconds(),
		GroupInterval:  opts.GroupInterval.Milliseconds(),
		RepeatInterval: opts.RepeatInterval.Milliseconds(),
		Mute:           opts.MuteTimeIntervals,
		Active:         opts.ActiveTimeIntervals,
	}
}

// As getGroupLabels in Alertmanager's dispatch, which is not exported.
func groupLabels(route *dispatch.Route, labels model.LabelSet) model.LabelSet {
	found := model.LabelSet{}
	for name, value := range labels {
		if _, ok := route.RouteOpts.GroupBy[name]; ok || route.RouteOpts.GroupByAll {
			found[name] = value
		}
	}
	return found
}

func contains(loaded *config.Config, atMs []int64) map[string][]bool {
	intervals := map[string][]timeinterval.TimeInterval{}
	for _, interval := range loaded.TimeIntervals {
		intervals[interval.Name] = interval.TimeIntervals
	}
	for _, interval := range loaded.MuteTimeIntervals {
		intervals[interval.Name] = interval.TimeIntervals
	}
	intervener := timeinterval.NewIntervener(intervals)
	found := map[string][]bool{}
	for name := range intervals {
		for _, at := range atMs {
			inside, _, err := intervener.Mutes([]string{name}, time.UnixMilli(at))
			if err != nil {
				log.Fatal(err)
			}
			found[name] = append(found[name], inside)
		}
	}
	return found
}

// An inhibitor that knows all these alerts as firing.
func inhibitor(loaded *config.Config, labels []model.LabelSet) *inhibit.Inhibitor {
	made := inhibit.NewInhibitor(
		firing{labels}, loaded.InhibitRules, promslog.NewNopLogger(), eventrecorder.NopRecorder())
	go made.Run()
	made.WaitForLoading()
	return made
}

type firing struct{ labels []model.LabelSet }

func (f firing) SlurpAndSubscribe(string) ([]*alert.Alert, provider.AlertIterator) {
	alerts := []*alert.Alert{}
	for _, labels := range f.labels {
		now := time.Now()
		alerts = append(alerts, &alert.Alert{
			Alert:     model.Alert{Labels: labels, StartsAt: now, EndsAt: now.Add(time.Hour)},
			UpdatedAt: now,
		})
	}
	never := make(chan *provider.Alert)
	return alerts, provider.NewAlertIterator(never, make(chan struct{}), nil)
}

func (f firing) Subscribe(string) provider.AlertIterator        { return nil }
func (f firing) GetPending() provider.AlertIterator             { return nil }
func (f firing) Get(model.Fingerprint) (*alert.Alert, error)    { return nil, provider.ErrNotFound }
func (f firing) Put(_ context.Context, _ ...*alert.Alert) error { return nil }
