package app

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"branchbot/bot/chat"
	"branchbot/bot/outbox"
	"branchbot/bot/points"
	"branchbot/store"
)

// metrics are what GET /metrics tells; docs/operations.md lists them. They have
// numbers and the ids of accounts, nothing about people.
type metrics struct {
	registry *prometheus.Registry
	db       *store.DB
	states   func() map[chat.AccountID]chat.State

	events *prometheus.CounterVec
	batch  prometheus.Histogram
	lag    prometheus.Histogram
	sends  *prometheus.CounterVec
}

// Gauges that are read when somebody asks.
var (
	accountUp = prometheus.NewDesc("branchbot_account_online", "1 while the account is online.", []string{"account"}, nil)
	waiting   = prometheus.NewDesc("branchbot_outbox_waiting", "Messages that wait to be sent.", []string{"account"}, nil)
	oldest    = prometheus.NewDesc("branchbot_outbox_oldest_seconds", "How long the oldest of them has waited.", []string{"account"}, nil)
	lanes     = prometheus.NewDesc("branchbot_outbox_lanes", "Chats with messages that wait.", []string{"account"}, nil)
	lateTimer = prometheus.NewDesc("branchbot_timer_lag_seconds", "How late the oldest timer is that is due.", nil, nil)
	dead      = prometheus.NewDesc("branchbot_dead_letters", "Events and timers whose handling failed for good.", nil, nil)
	occurred  = prometheus.NewDesc("branchbot_occurrences_day", "Occurrences of schedules in the last 24 hours, by what became of them.", []string{"state"}, nil)
	owned     = prometheus.NewDesc("branchbot_role_owned", "1 for each role that this process has; PostgreSQL only.", []string{"role"}, nil)
	backedUp  = prometheus.NewDesc("branchbot_backup_age_seconds", "Age of the newest daily backup; absent when none are wanted.", nil, nil)
	broken    = prometheus.NewDesc("branchbot_ledger_broken", "Units whose ledger does not hold its published head: data are lost.", nil, nil)
)

func newMetrics(db *store.DB, states func() map[chat.AccountID]chat.State) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(), db: db, states: states,
		events: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "branchbot_events_total",
			Help: "Events of platforms that were handled, by whether they were stored."}, []string{"stored"}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "branchbot_batch_seconds",
			Help: "How long the transaction of a batch of events took.", Buckets: prometheus.ExponentialBuckets(0.001, 3, 9)}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "branchbot_event_lag_seconds",
			Help: "From the platform's time of the oldest event of a batch to its commit.", Buckets: prometheus.ExponentialBuckets(0.05, 3, 9)}),
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "branchbot_sends_total",
			Help: "Messages that have come to rest, by class and outcome."}, []string{"account", "class", "outcome"}),
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.events, m.batch, m.lag, m.sends)
	return m
}

func (m *metrics) handled(events int, oldest time.Time, took time.Duration, stored bool) {
	outcome := "no"
	if stored {
		outcome = "yes"
	}
	m.events.WithLabelValues(outcome).Add(float64(events))
	m.batch.Observe(took.Seconds())
	if !oldest.IsZero() {
		m.lag.Observe(max(0, m.db.Now().Sub(oldest).Seconds()))
	}
}

func (m *metrics) settled(account chat.AccountID, class outbox.Class, state outbox.State) {
	m.sends.WithLabelValues(string(account), string(class), string(state)).Inc()
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// gauges reads the database when somebody asks.
type gauges struct {
	*metrics
	backup func() (last time.Time, wanted bool)
	breaks func() []points.Break
}

// Describe implements prometheus.Collector.
func (g gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{accountUp, waiting, oldest, lanes, lateTimer, dead, occurred, owned, backedUp, broken} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (g gauges) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for id, s := range g.states() {
		online := 0.0
		if s.Condition == chat.Online {
			online = 1
		}
		gauge(accountUp, online, string(id))
	}
	for _, role := range g.db.Held() {
		gauge(owned, 1, role)
	}
	if last, wanted := g.backup(); wanted {
		gauge(backedUp, g.db.Now().Sub(last).Seconds())
	}
	gauge(broken, float64(len(g.breaks())))
	err := g.db.Read(func(tx *store.Tx) error {
		var due, failed int64
		if err := tx.QueryRow(`SELECT COALESCE(MIN(due_at), $1), (SELECT COUNT(*) FROM dead_letter) FROM timer`, tx.Millis()).Scan(&due, &failed); err != nil {
			return err
		}
		gauge(lateTimer, max(0, float64(tx.Millis()-due)/1000))
		gauge(dead, float64(failed))
		if err := g.outbox(tx, gauge); err != nil {
			return err
		}
		return g.occurrences(tx, gauge)
	})
	if err != nil {
		out <- prometheus.NewInvalidMetric(waiting, err)
	}
}

func (g gauges) outbox(tx *store.Tx, gauge func(*prometheus.Desc, float64, ...string)) error {
	rows, err := tx.Query(`SELECT account, COUNT(*), COUNT(DISTINCT chat || user_id), MIN(created_at) FROM outbox
		WHERE state IN ('pending', 'sending') GROUP BY account ORDER BY account`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var account string
		var n, chats, since int64
		if err := rows.Scan(&account, &n, &chats, &since); err != nil {
			return err
		}
		gauge(waiting, float64(n), account)
		gauge(lanes, float64(chats), account)
		gauge(oldest, float64(tx.Millis()-since)/1000, account)
	}
	return rows.Err()
}

func (g gauges) occurrences(tx *store.Tx, gauge func(*prometheus.Desc, float64, ...string)) error {
	rows, err := tx.Query(`SELECT state, COUNT(*) FROM occurrence WHERE due_at > $1 GROUP BY state ORDER BY state`,
		tx.Now.Add(-24*time.Hour).UnixMilli())
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var state string
		var n int64
		if err := rows.Scan(&state, &n); err != nil {
			return err
		}
		gauge(occurred, float64(n), state)
	}
	return rows.Err()
}
