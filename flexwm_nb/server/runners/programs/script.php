<?php
// The process of a php script. It waits on descriptor 3 for its order, a length and JSON, gets ready, and begins when
// one more byte comes. Script and call stand outside of functions, so that the script's variables are global.

namespace flexwm;

/** The one job of this process. */
final class Job
{
    public static $call;
    private static $order;
    private static $asked;
    private static $told;

    /** Take the order, and get ready for the script. */
    public static function begin(): void
    {
        self::$asked = fopen('php://fd/3', 'rb');
        self::$told = fopen('php://fd/3', 'wb');
        self::$order = json_decode(self::exactly(unpack('N', self::exactly(4))[1]));
        self::$call = self::$order->function;
        foreach (self::$order->files as $name => $text) {
            file_put_contents($name, $text);
        }
        foreach (self::$order->links as $name => $target) {
            symlink($target, $name);
        }
        foreach (self::$order->environment as $name => $value) {
            self::enter($name, $value);
        }
        self::exactly(1);
        self::tell('A', '');
        set_exception_handler([self::class, 'uncaught']);
        foreach (self::$order->required as $name) {
            require $name;
        }
    }

    /** The arguments, as they are passed. */
    public static function values(): array
    {
        $args = json_decode(file_get_contents('args.json'));
        $values = [];
        foreach (self::$order->passed as $name => $class) {
            if (!property_exists($args, $name)) {
                fwrite(STDERR, "Warning: the argument $name is missing, so null is passed\n");
            }
            $value = $args->$name ?? null;
            $values[] = $class === null ? $value : new $class($value);
        }
        return $values;
    }

    /** Give the result. */
    public static function answer($result): void
    {
        $text = json_encode($result);
        if ($text === false) {
            self::tell('E', self::described('JsonException', 'the result cannot be JSON: ' . json_last_error_msg(), ''));
            return;
        }
        self::tell('R', $text);
    }

    /** Give what the function threw, and end. */
    public static function fail(\Exception $error): void
    {
        $place = $error->getFile() . '(' . $error->getLine() . ")\n";
        self::tell('E', self::described(get_class($error), $error->getMessage(), $place . $error->getTraceAsString()));
        exit(1);
    }

    /** Say what nothing caught, as PHP does. */
    public static function uncaught(\Throwable $error): void
    {
        $place = "in {$error->getFile()} on line {$error->getLine()}";
        $text = $error instanceof \ParseError
            ? "Parse error: {$error->getMessage()} $place"
            : "Fatal error: Uncaught $error\n  thrown $place";
        fwrite(STDERR, self::renamed($text) . "\n");
        exit(255);
    }

    /** An error as JSON. */
    private static function described(string $name, string $message, string $stack): string
    {
        $found = ['message' => $message, 'name' => $name, 'stack' => self::renamed($stack)];
        if (self::$order->step) {
            $found['step_id'] = self::$order->step;
        }
        return json_encode($found, JSON_INVALID_UTF8_SUBSTITUTE);
    }

    /** A text that names this program as Windmill names its own. */
    private static function renamed(string $text): string
    {
        return str_replace(__FILE__, getcwd() . '/wrapper.php', $text);
    }

    /** Set a variable of the environment. */
    private static function enter(string $name, string $value): void
    {
        putenv("$name=$value");
        $_SERVER[$name] = $value;
        if (str_contains(ini_get('variables_order'), 'E')) {
            $_ENV[$name] = $value;
        }
    }

    /** That many bytes of the control socket; the process ends with the socket. */
    private static function exactly(int $size): string
    {
        for ($data = ''; strlen($data) < $size; $data .= $part) {
            $part = fread(self::$asked, $size - strlen($data));
            if ($part === false || $part === '') {
                exit(0);
            }
        }
        return $data;
    }

    /** Send one frame. */
    private static function tell(string $kind, string $text): void
    {
        $data = $kind . pack('N', strlen($text)) . $text;
        while ($data !== '' && ($sent = fwrite(self::$told, $data))) {
            $data = substr($data, $sent);
        }
        fflush(self::$told);
    }
}

Job::begin();
require './main.php';
try {
    Job::answer((Job::$call)(...Job::values()));
} catch (\Exception $error) {
    Job::fail($error);
}
