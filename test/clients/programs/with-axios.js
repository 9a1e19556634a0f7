/** axios as it is, or on fetch (`fetch`). */
import axios from 'axios';

const [url = '', how = 'plain'] = process.argv.slice(2);
const { data } = await axios.get(url, how === 'fetch' ? { adapter: 'fetch' } : {});
console.log(JSON.stringify(data));
