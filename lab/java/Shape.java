import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.metrics.JmxReporter;
import org.apache.kafka.common.metrics.KafkaMetricsContext;
import org.apache.kafka.common.metrics.Measurable;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Time;

/**
 * A JVM with the MBeans of many producers, and no broker: CLIENTS NODES TOPICS [STILL].
 *
 * <p>Each client is a real KafkaProducer whose broker never answers; the MBeans of its nodes and topics are registered
 * by Kafka's own reporter, with values that rise at each reading, or that stay put where STILL is given. Prints READY,
 * and ends when its standard input does.
 */
public final class Shape {
    private static final String[] NODE = {
        "incoming-byte-rate", "incoming-byte-total", "outgoing-byte-rate", "outgoing-byte-total", "request-latency-avg",
        "request-latency-max", "request-rate", "request-size-avg", "request-size-max", "request-total", "response-rate",
        "response-total",
    };
    private static final String[] TOPIC = {
        "byte-rate", "byte-total", "compression-rate", "compression-rate-avg", "record-error-rate", "record-error-total",
        "record-retry-rate", "record-retry-total", "record-send-rate", "record-send-total",
    };
    private static long readings;

    public static void main(String[] arguments) throws Exception {
        int clients = Integer.parseInt(arguments[0]);
        int nodes = Integer.parseInt(arguments[1]);
        int topics = Integer.parseInt(arguments[2]);
        boolean still = arguments.length > 3;

        JmxReporter reporter = new JmxReporter();
        Metrics metrics =
                new Metrics(new MetricConfig(), List.of(reporter), Time.SYSTEM, new KafkaMetricsContext("kafka.producer"));
        Measurable value = still ? (config, now) -> 42.5 : (config, now) -> ++readings;
        List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();
        try (ServerSocket silent = new ServerSocket(0)) { // takes connections, and never answers
            for (int client = 0; client < clients; client++) {
                String id = "client-" + client;
                producers.add(producer(id, silent.getLocalPort()));
                for (int node = 0; node < nodes; node++) {
                    register(metrics, "producer-node-metrics", NODE, id, "node-id", "node-" + node, value);
                }
                for (int topic = 0; topic < topics; topic++) {
                    register(metrics, "producer-topic-metrics", TOPIC, id, "topic", "topic-" + topic, value);
                }
            }
            System.out.println("READY");
            while (System.in.read() >= 0) { /* whoever started this closes its standard input */ }
        }
        Runtime.getRuntime().halt(0); // closing each producer would wait for a broker that is not there
    }

    private static KafkaProducer<byte[], byte[]> producer(String id, int port) {
        Map<String, Object> configuration = new LinkedHashMap<>();
        configuration.put("bootstrap.servers", "127.0.0.1:" + port);
        configuration.put("client.id", id);
        configuration.put("reconnect.backoff.ms", 60_000);
        configuration.put("reconnect.backoff.max.ms", 60_000);
        return new KafkaProducer<>(configuration, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static void register(
            Metrics metrics, String group, String[] names, String id, String key, String value, Measurable measurable) {
        Map<String, String> tags = new LinkedHashMap<>();
        tags.put("client-id", id);
        tags.put(key, value);
        for (String name : names) {
            metrics.addMetric(new MetricName(name, group, "As the producer describes it.", tags), measurable);
        }
    }
}
