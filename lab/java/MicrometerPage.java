import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.producer.KafkaProducer;

/**
 * Runs {@link Producer}, and serves the metrics of its clients as an application with Micrometer does, on the port
 * {@code -Dmicrometer.port}. A client is bound, and one that was replaced is unbound, when the page is asked for.
 */
public final class MicrometerPage {
    private static final PrometheusMeterRegistry REGISTRY = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private static final Map<KafkaProducer<?, ?>, KafkaClientMetrics> BOUND = new HashMap<>();

    public static void main(String[] none) throws Exception {
        int port = Integer.getInteger("micrometer.port");
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", exchange -> {
            byte[] page = page().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        server.start();
        Producer.main(none);
    }

    private static synchronized String page() {
        Set<KafkaProducer<byte[], byte[]>> clients = Producer.clients();
        BOUND.entrySet().removeIf(entry -> {
            if (clients.contains(entry.getKey())) {
                return false;
            }
            entry.getValue().close();
            return true;
        });
        for (KafkaProducer<byte[], byte[]> client : clients) {
            BOUND.computeIfAbsent(client, MicrometerPage::bound);
        }
        return REGISTRY.scrape();
    }

    private static KafkaClientMetrics bound(KafkaProducer<?, ?> client) {
        KafkaClientMetrics metrics = new KafkaClientMetrics(client);
        metrics.bindTo(REGISTRY);
        return metrics;
    }
}
