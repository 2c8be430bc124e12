import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.rmi.registry.LocateRegistry;
import java.rmi.registry.Registry;
import java.rmi.server.RMIServerSocketFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import javax.management.remote.JMXServiceURL;
import javax.management.remote.rmi.RMIConnectorServer;
import javax.management.remote.rmi.RMIJRMPServerImpl;
import javax.net.ssl.SSLServerSocketFactory;
import javax.rmi.ssl.SslRMIClientSocketFactory;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.metrics.JmxReporter;
import org.apache.kafka.common.metrics.KafkaMetricsContext;
import org.apache.kafka.common.metrics.Measurable;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.utils.internals.AppInfoParser;

/**
 * Registers the MBeans of many producers, without any broker. Arguments: CLIENTS NODES TOPICS ATTRIBUTES [FOLDER PORT…].
 *
 * <p>ATTRIBUTES is a file of lines "type attribute". Kafka's own Metrics, JmxReporter and AppInfoParser register the
 * MBeans, as they do for a producer. Every value rises each time it is read. The program prints READY, and exits when
 * its standard input ends.
 *
 * <p>On each PORT of 127.0.0.1 it serves JMX as an agent of its own would, with TLS for both ports in one
 * (javax.net.ssl.keyStore), and with the files "password" and "access" of FOLDER.
 */
public final class SyntheticProducers {
    private static final AtomicLong READINGS = new AtomicLong();
    private static final List<Registry> REGISTRIES = new ArrayList<>(); // or they would be collected
    private static final RMIServerSocketFactory LOOPBACK = port -> SSLServerSocketFactory.getDefault()
            .createServerSocket(port, 50, InetAddress.getLoopbackAddress());

    public static void main(String[] arguments) throws Exception {
        int clients = Integer.parseInt(arguments[0]);
        int nodes = Integer.parseInt(arguments[1]);
        int topics = Integer.parseInt(arguments[2]);
        List<String> attributes = Files.readAllLines(Paths.get(arguments[3]));

        for (int client = 0; client < clients; client++) {
            String id = "client-" + client;
            Map<String, String> tags = Collections.singletonMap("client-id", id);
            Metrics metrics = new Metrics(
                    new MetricConfig().tags(tags),
                    Collections.singletonList(new JmxReporter()),
                    Time.SYSTEM,
                    new KafkaMetricsContext("kafka.producer"));
            AppInfoParser.registerAppInfo("kafka.producer", id, metrics, Time.SYSTEM.milliseconds());
            register(metrics, "producer-metrics", attributes, tags);
            for (int node = -1; node < nodes; node++) { // -1 is the pseudo-node of the bootstrap server
                register(metrics, "producer-node-metrics", attributes, and(tags, "node-id", "node-" + node));
            }
            for (int topic = 0; topic < topics; topic++) {
                register(metrics, "producer-topic-metrics", attributes, and(tags, "topic", "topic-" + topic));
            }
        }
        if (arguments.length > 4) {
            Map<String, Object> environment = new HashMap<>();
            environment.put("jmx.remote.x.password.file", Paths.get(arguments[4], "password").toString());
            environment.put("jmx.remote.x.access.file", Paths.get(arguments[4], "access").toString());
            for (String port : Arrays.asList(arguments).subList(5, arguments.length)) {
                serve(Integer.parseInt(port), environment);
            }
        }
        System.out.println("READY");
        while (System.in.read() >= 0) { /* the starter closes standard input to end this */ }
    }

    private static void serve(int port, Map<String, Object> environment) throws Exception {
        SslRMIClientSocketFactory clients = new SslRMIClientSocketFactory();
        RMIJRMPServerImpl agent = new RMIJRMPServerImpl(port, clients, LOOPBACK, environment);
        new RMIConnectorServer(
                        new JMXServiceURL("rmi", "127.0.0.1", port),
                        environment,
                        agent,
                        ManagementFactory.getPlatformMBeanServer())
                .start();
        Registry registry = LocateRegistry.createRegistry(port, clients, LOOPBACK);
        registry.bind("jmxrmi", agent.toStub());
        REGISTRIES.add(registry);
    }

    private static Map<String, String> and(Map<String, String> tags, String key, String value) {
        Map<String, String> more = new LinkedHashMap<>(tags);
        more.put(key, value);
        return more;
    }

    private static void register(Metrics metrics, String type, List<String> attributes, Map<String, String> tags) {
        Measurable rising = (config, now) -> READINGS.incrementAndGet();
        for (String line : attributes) {
            String[] words = line.split(" ");
            if (words[0].equals(type)) {
                metrics.addMetric(new MetricName(words[1], type, "As the producer describes it.", tags), rising);
            }
        }
    }
}
