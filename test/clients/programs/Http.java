import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Java's own client: the proxy is the system properties' affair. */
class Http {
  public static void main(String[] arguments) throws Exception {
    var builder = HttpClient.newBuilder();
    if (arguments.length > 1) builder.version(HttpClient.Version.valueOf(arguments[1]));
    var request = HttpRequest.newBuilder(URI.create(arguments[0])).build();
    var response = builder.build().send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println(response.statusCode() + " " + response.body());
  }
}
